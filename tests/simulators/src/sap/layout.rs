//! Which member of the metadata is read from where in a struct.

use super::schema::{EntityType, SCHEMA};
use super::value::{Record, Value};

/// Reads one member of `T`.
pub(crate) type Getter<T> = for<'a> fn(&'a T) -> Value<'a>;

/// The members of `T` in the metadata's order.
pub(crate) struct Layout<T: 'static> {
    pub(crate) entity_type: &'static EntityType,
    slots: Vec<Option<Getter<T>>>,
    order: Vec<(u16, Getter<T>)>,
}

impl<T> Layout<T> {
    /// Places `getters` by their names; a name that the metadata lacks is left out (a test sees to that).
    pub(crate) fn new(name: &str, getters: &[(&str, Getter<T>)]) -> Self {
        let entity_type = SCHEMA.entity_type(name);
        let mut order: Vec<(u16, Getter<T>)> =
            getters.iter().filter_map(|(name, getter)| Some((entity_type.index(name)?, *getter))).collect();
        order.sort_by_key(|(index, _)| *index);
        let mut slots = vec![None; entity_type.properties.len()];
        for (index, getter) in &order {
            if let Some(slot) = slots.get_mut(usize::from(*index)) {
                *slot = Some(*getter);
            }
        }
        Self { entity_type, slots, order }
    }

    /// One member of `item`; `overlay` comes first.
    pub(crate) fn member<'a>(&self, item: &'a T, overlay: Option<&'a Record>, index: u16) -> Value<'a> {
        if let Some(field) = overlay.and_then(|overlay| overlay.fields().get(&index)) {
            return field.value();
        }
        match self.slots.get(usize::from(index)) {
            Some(Some(getter)) => getter(item),
            _ => Value::Null,
        }
    }

    /// All members of `item` that are set, in order, those of `overlay` instead of its own.
    pub(crate) fn each(&self, item: &T, overlay: Option<&Record>, visit: &mut dyn FnMut(u16, Value<'_>)) {
        let mut overlaid = overlay.into_iter().flat_map(|overlay| overlay.fields().iter()).peekable();
        for (index, getter) in &self.order {
            while let Some((other, field)) = overlaid.next_if(|(other, _)| **other < *index) {
                visit(*other, field.value());
            }
            match overlaid.next_if(|(other, _)| *other == index) {
                Some((_, field)) => visit(*index, field.value()),
                None => visit(*index, getter(item)),
            }
        }
        for (index, field) in overlaid {
            visit(*index, field.value());
        }
    }
}

/// Makes a struct an [`super::value::Entity`] by its layout; the struct's member `extra` is laid over it.
macro_rules! entity {
    ($type:ty, $layout:ident, $name:literal, $getters:ident) => {
        static $layout: std::sync::LazyLock<$crate::sap::layout::Layout<$type>> =
            std::sync::LazyLock::new(|| $crate::sap::layout::Layout::new($name, $getters));

        impl $crate::sap::value::Entity for $type {
            fn entity_type(&self) -> &'static $crate::sap::schema::EntityType {
                $layout.entity_type
            }

            fn member(&self, index: u16) -> $crate::sap::value::Value<'_> {
                $layout.member(self, self.extra.as_deref(), index)
            }

            fn each(&self, visit: &mut dyn FnMut(u16, $crate::sap::value::Value<'_>)) {
                $layout.each(self, self.extra.as_deref(), visit);
            }
        }
    };
}
pub(crate) use entity;
