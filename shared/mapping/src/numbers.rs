use crate::context::Context;
use crate::subject::Subject;
use model::{Code, Failure};

/// The document's number in Coupa, by its template.
pub(crate) fn number(context: &Context<'_>, subject: Subject<'_>, limit: usize) -> Result<String, Failure> {
    let object = subject.kind.singular();
    let Some(template) = context.mapping.numbers.get(&subject.kind) else {
        return Err(subject.missing("its number's template"));
    };
    let number = template.fill(subject.document).map_err(|member| {
        let what = format!(
            "{member} is empty, and the template of {object} under [numbers] needs it; fill it in SAP or change the template"
        );
        subject.failure(Code::FieldMissing, what)
    })?;
    let length = number.chars().count();
    if length <= limit {
        return Ok(number);
    }
    let what = format!(
        "\"{number}\" has {length} characters and Coupa takes {limit}; shorten the template of {object} under [numbers]"
    );
    Err(subject.failure(Code::NumberTooLong, what))
}
