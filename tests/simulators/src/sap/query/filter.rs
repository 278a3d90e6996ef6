use super::lexer::{Token, tokens};
use super::literal::Literal;
use crate::sap::refusal::Refusal;
use crate::sap::schema::{EntityType, Kind, Property};
use crate::sap::settings::MetadataVersion;
use std::collections::BTreeSet;

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 100;

/// A `$filter`, its names and values checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// A member against a value.
    Compare(u16, Comparison, Literal),
    /// A member against a piece of text.
    Text(u16, TextTest, String),
}

/// How a member is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What text must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

impl Expression {
    /// Reads a `$filter`.
    pub(crate) fn parse(text: &str, of: &EntityType, version: MetadataVersion) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, of, version };
        let expression = parser.any(0)?;
        if parser.tokens.is_empty() { Ok(expression) } else { Err(unreadable()) }
    }

    /// The values that a whole-number member must have one of, if the filter names them one by one.
    pub(crate) fn keys(&self, index: u16) -> Option<BTreeSet<i64>> {
        match self {
            Self::Compare(of, Comparison::Eq, Literal::Int(number)) if *of == index => Some([*number].into()),
            Self::All(all) => all.iter().find_map(|expression| expression.keys(index)),
            Self::Any(any) => {
                let keys: Option<Vec<_>> = any.iter().map(|expression| expression.keys(index)).collect();
                Some(keys?.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// A value that the member is surely not below.
    pub(crate) fn least<T: Ord>(&self, index: u16, read: fn(&Literal) -> Option<T>) -> Option<T> {
        match self {
            Self::Compare(of, Comparison::Eq | Comparison::Gt | Comparison::Ge, literal) if *of == index => {
                read(literal)
            }
            Self::All(all) => all.iter().filter_map(|expression| expression.least(index, read)).max(),
            Self::Any(any) => {
                let least: Option<Vec<T>> =
                    any.iter().map(|expression| expression.least(index, read)).collect();
                least?.into_iter().min()
            }
            _ => None,
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    of: &'a EntityType,
    version: MetadataVersion,
}

impl Parser<'_> {
    fn next(&mut self) -> Result<Token, Refusal> {
        let (first, rest) = self.tokens.split_first().ok_or_else(unreadable)?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn take_word(&mut self, word: &str) -> bool {
        match self.tokens.split_first() {
            Some((Token::Word(first), rest)) if first == word => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, token: &Token) -> Result<(), Refusal> {
        if self.next()? == *token { Ok(()) } else { Err(unreadable()) }
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut parts = vec![self.all(depth)?];
        while self.take_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(single_or(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut parts = vec![self.one(depth)?];
        while self.take_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(single_or(parts, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, Refusal> {
        if depth > MAX_DEPTH {
            return Err(unreadable());
        }
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.next()? {
            Token::Open => {
                let inner = self.any(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Word(word) if self.tokens.first() == Some(&Token::Open) => self.function(&word),
            Token::Word(word) => self.comparison(&word),
            _ => Err(unreadable()),
        }
    }

    fn comparison(&mut self, name: &str) -> Result<Expression, Refusal> {
        let (index, property) = property(self.of, name, self.version)?;
        let Token::Word(operator) = self.next()? else { return Err(unreadable()) };
        let comparison = match operator.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            _ => return Err(unreadable()),
        };
        let literal = Literal::read(&self.next()?, property)?;
        let ordered = !matches!(comparison, Comparison::Eq | Comparison::Ne);
        if ordered && (literal == Literal::Null || matches!(property.kind, Kind::Enum(_))) {
            return Err(unreadable());
        }
        Ok(Expression::Compare(index, comparison, literal))
    }

    fn function(&mut self, called: &str) -> Result<Expression, Refusal> {
        let test = match called {
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            "contains" | "substringof" => TextTest::Contains,
            _ => return Err(Refusal::syntax(format!("Function '{called}' is not supported in $filter"))),
        };
        self.expect(&Token::Open)?;
        let first = self.next()?;
        self.expect(&Token::Comma)?;
        let second = self.next()?;
        self.expect(&Token::Close)?;
        // Only this one names the text first.
        let (name, piece) = if called == "substringof" { (second, first) } else { (first, second) };
        let (Token::Word(name), Token::Quoted(piece)) = (name, piece) else { return Err(unreadable()) };
        let (index, property) = property(self.of, &name, self.version)?;
        if property.kind == Kind::Text {
            Ok(Expression::Text(index, test, piece))
        } else {
            Err(Refusal::syntax(format!("Property '{name}' is not text")))
        }
    }
}

/// The member of that name.
pub(crate) fn property<'a>(
    of: &'a EntityType,
    name: &str,
    version: MetadataVersion,
) -> Result<(u16, &'a Property), Refusal> {
    of.find(name, version)
        .ok_or_else(|| Refusal::syntax(format!("Property '{name}' of '{}' is invalid", of.name)))
}

fn single_or(mut parts: Vec<Expression>, of: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 { parts.swap_remove(0) } else { of(parts) }
}

fn unreadable() -> Refusal {
    Refusal::syntax("Query string error: $filter cannot be parsed")
}
