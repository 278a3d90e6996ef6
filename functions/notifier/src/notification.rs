use notify::Message;
use serde_json::json;

/// SNS takes fewer characters than this as a subject.
const SUBJECT: usize = 100;

/// What SNS is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The subject of a mail.
    pub subject: String,
    /// JSON with a text for each kind of subscriber: people by mail get words, programs get JSON.
    pub body: String,
    /// What a subscriber can filter by. Alarms come without any.
    pub attributes: Vec<Attribute>,
}

/// One attribute of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// SNS's word for its type.
    pub data_type: &'static str,
    /// Its value; of an array as JSON.
    pub value: String,
}

impl Notification {
    /// Of a message.
    pub fn of(message: &Message) -> Self {
        let attribute = |name, data_type, value: String| Attribute { name, data_type, value };
        let body =
            json!({"default": message.json.to_string(), "email": message.text, "sms": message.subject});
        Self {
            subject: subject(&message.subject),
            body: body.to_string(),
            attributes: vec![
                attribute("kind", "String", "digest".to_owned()),
                attribute("company", "String", message.company.clone()),
                attribute("causes", "String.Array", json!(message.causes).to_string()),
            ],
        }
    }
}

/// SNS refuses a subject that is longer, or not ASCII. The text has it all.
fn subject(text: &str) -> String {
    let plain = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
    text.chars().map(plain).take(SUBJECT - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_short_and_in_letters_that_sns_takes() {
        assert_eq!(subject("b1-coupa MÜLLER: 2 documents\nfailed"), "b1-coupa M?LLER: 2 documents?failed");
        assert_eq!(subject(&"ä".repeat(300)).len(), 99);
    }
}
