//! What a client asks for in the query of an address.

mod evaluate;
mod filter;
mod lexer;
mod literal;
mod options;

pub(crate) use evaluate::{compare_values, holds};
pub(crate) use filter::Expression;
pub(crate) use literal::Literal;
pub(crate) use options::{Options, Version};
