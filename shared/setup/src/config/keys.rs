//! Finds keys that nobody reads: a mistyped key that is silently ignored would leave a default in force.

use super::{
    ConfigError,
    notifications::NotificationsSection,
    sections::{
        AuditSection, CoupaSection, GuardrailSection, MappingSection, ReconcileSection, SapSection,
        StoreSection, SuppliersSection, SyncSection, WebhookSection,
    },
};
use serde::{
    Deserialize, Deserializer, de,
    de::{Visitor, value::Error as AnyError},
};
use std::{ops::Range, path::Path};
use toml::de::{DeTable, DeValue};

/// Each section with its keys.
pub(super) fn sections() -> [(&'static str, &'static [&'static str]); 11] {
    [
        ("sap", fields_of::<SapSection>()),
        ("coupa", fields_of::<CoupaSection>()),
        ("sync", fields_of::<SyncSection>()),
        ("suppliers", fields_of::<SuppliersSection>()),
        ("store", fields_of::<StoreSection>()),
        ("mapping", fields_of::<MappingSection>()),
        ("webhook", fields_of::<WebhookSection>()),
        ("reconcile", fields_of::<ReconcileSection>()),
        ("audit", fields_of::<AuditSection>()),
        ("guardrail", fields_of::<GuardrailSection>()),
        ("notifications", fields_of::<NotificationsSection>()),
    ]
}

/// Refuses keys that the config doesn't have, and secrets, which it must not have.
pub(super) fn check(text: &str, file: &Path) -> Result<(), ConfigError> {
    let document = DeTable::parse(text).map_err(|error| ConfigError::from_toml(&error, text, file))?;
    let sections = sections();
    for (name, value) in document.get_ref() {
        let (name, span) = (name.get_ref().as_ref(), name.span());
        let keys = sections.iter().find(|(section, _)| *section == name).map(|(_, keys)| *keys);
        match (keys, value.get_ref()) {
            (Some(keys), DeValue::Table(table)) => check_section(text, file, name, keys, table)?,
            (Some(_), _) => {
                let message = format!("`{name}` is a section, not a value");
                let help = format!("Write a line `[{name}]` with the section's keys below it.");
                return Err(ConfigError::at(text, file, Some(span), message, help));
            }
            (None, value) => return Err(unknown_at_top(text, file, name, span, value.is_table())),
        }
    }
    Ok(())
}

fn check_section(
    text: &str,
    file: &Path,
    section: &str,
    keys: &[&str],
    table: &DeTable<'_>,
) -> Result<(), ConfigError> {
    for key in table.keys() {
        let (name, span) = (key.get_ref().as_ref(), key.span());
        if keys.contains(&name) {
            continue;
        }
        if let Some(error) = secret(text, file, section, name, &span) {
            return Err(error);
        }
        let message = format!("unknown key `{name}` in [{section}]");
        let help = help_for_key(section, name);
        return Err(ConfigError::at(text, file, Some(span), message, help));
    }
    Ok(())
}

fn unknown_at_top(text: &str, file: &Path, name: &str, span: Range<usize>, is_table: bool) -> ConfigError {
    if let Some(error) = secret(text, file, "", name, &span) {
        return error;
    }
    let names = sections().map(|(section, _)| section);
    if is_table {
        let known = names.map(|name| format!("[{name}]")).join(", ");
        let help = match nearest(name, names) {
            Some(near) => format!("Did you mean [{near}]?"),
            None => format!("Known sections: {known}."),
        };
        ConfigError::at(text, file, Some(span), format!("unknown section [{name}]"), help)
    } else {
        let message = format!("unknown key `{name}` outside of any section");
        ConfigError::at(text, file, Some(span), message, help_for_key("", name))
    }
}

/// What the writer of `name` may have meant: the same key elsewhere, or a similar one, here before elsewhere.
fn help_for_key(section: &str, name: &str) -> String {
    let sections = sections();
    if let Some((other, _)) = sections.iter().find(|(_, keys)| keys.contains(&name)) {
        return format!("`{name}` belongs under [{other}].");
    }
    let own = sections.iter().filter(|(own, _)| *own == section).flat_map(|(_, keys)| keys.iter().copied());
    if let Some(near) = nearest(name, own) {
        return format!("Did you mean `{near}`?");
    }
    for (other, keys) in &sections {
        if let Some(near) = nearest(name, keys.iter().copied()) {
            return format!("Did you mean `{near}` under [{other}]?");
        }
    }
    match sections.iter().find(|(own, _)| *own == section) {
        Some((_, keys)) => format!("Known keys of [{section}]: {}.", keys.join(", ")),
        None => {
            format!("Put it under one of {}.", sections.map(|(section, _)| format!("[{section}]")).join(", "))
        }
    }
}

fn secret(text: &str, file: &Path, section: &str, name: &str, span: &Range<usize>) -> Option<ConfigError> {
    let plain = name.to_lowercase().replace('-', "_");
    let means_secret = ["password", "passwd", "client_secret", "secret", "token", "api_key"];
    if !means_secret.iter().any(|word| plain == *word || plain.ends_with(&format!("_{word}"))) {
        return None;
    }
    let which = match (section, plain.contains("password")) {
        ("sap", _) | ("", true) => "sap-password",
        ("notifications", true) => "smtp-password",
        ("notifications", false) => "notification-key",
        _ => "coupa-client-secret",
    };
    let message = format!("`{name}` is a secret, and secrets are not kept in the config file");
    let help = format!(
        "Remove the line and run `b1-coupa secrets set {which}`; if others could read the file, change the secret."
    );
    Some(ConfigError::at(text, file, Some(span.clone()), message, help))
}

/// The most similar of `known`, if it is similar enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    let best = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&name, known), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(similarity, _)| *similarity >= 0.8).map(|(_, known)| known)
}

/// The keys that a section reads, from the section's own type, so that the two can't drift apart.
fn fields_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    struct Probe<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = AnyError;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("only asked for its fields"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &'static [&'static str] = &[];
    // The probe always fails: all it is for is the list it is shown on the way.
    let _ = T::deserialize(Probe(&mut fields));
    fields
}
