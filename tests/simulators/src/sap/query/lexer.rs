use crate::sap::refusal::Refusal;

/// A piece of a `$filter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name, an operator or a bare literal.
    Word(String),
    /// `'text'`
    Quoted(String),
    /// `datetime'text'`
    DateTime(String),
    Open,
    Close,
    Comma,
}

/// Splits a `$filter` into its pieces.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.peek().copied() {
        match next {
            ' ' | '\t' => {
                rest.next();
            }
            '(' | ')' | ',' => {
                rest.next();
                tokens.push(match next {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
            }
            '\'' => {
                rest.next();
                tokens.push(Token::Quoted(quoted(&mut rest)?));
            }
            _ => {
                let mut word = String::new();
                while let Some(part) =
                    rest.next_if(|part| !matches!(part, ' ' | '\t' | '(' | ')' | ',' | '\''))
                {
                    word.push(part);
                }
                if word == "datetime" && rest.next_if_eq(&'\'').is_some() {
                    tokens.push(Token::DateTime(quoted(&mut rest)?));
                } else {
                    tokens.push(Token::Word(word));
                }
            }
        }
    }
    Ok(tokens)
}

/// Reads up to the closing quote; two quotes stand for one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Refusal> {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        if next != '\'' {
            text.push(next);
        } else if rest.next_if_eq(&'\'').is_some() {
            text.push('\'');
        } else {
            return Ok(text);
        }
    }
    Err(Refusal::syntax("Unterminated text in $filter"))
}
