use super::answer::{Format, etag_of, set_header};
use super::sets::{Key, Set};
use crate::sap::query::{Options, Version};
use crate::sap::refusal::Refusal;
use crate::sap::settings::LinkStyle;
use crate::sap::value::close;
use crate::sap::world::World;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

/// Answers `GET` of a set.
pub(crate) fn list(
    world: &World,
    format: &Format<'_>,
    set: Set,
    query: &str,
    headers: &HeaderMap,
    request_number: u64,
) -> Result<Response<Bytes>, Refusal> {
    let settings = format.settings;
    let options = Options::parse(query, set.entity_type(), settings.metadata, format.version)?;
    let (page_size, preferred) = page_size(headers, settings.page_size);
    let limit = match options.top {
        Some(top) if settings.top_beats_page_size => top,
        Some(top) => top.min(page_size),
        None => page_size,
    };
    let shuffle = settings.unstable_order.then_some(request_number);
    let mut rows = set.matching(world, &options, shuffle);
    let count = options.count.then(|| set.matching(world, &options, None).count());

    let mut body = Vec::with_capacity(limit.min(100) * 4096);
    body.extend_from_slice(b"{");
    body.extend_from_slice(format.context(set.name()).as_bytes());
    if let Some(count) = count {
        let member = match format.version {
            Version::V1 => format!("\"odata.count\":\"{count}\","),
            Version::V2 => format!("\"@odata.count\":{count},"),
        };
        body.extend_from_slice(member.as_bytes());
    }
    body.extend_from_slice(b"\"value\":[");
    let mut on_page = 0;
    let style = format.style();
    for row in rows.by_ref().skip(options.skip).take(limit) {
        let annotations = match (format.version, settings.etags_in_lists) {
            (Version::V2, true) => format.etag(row).map(|etag| format.etag_member(&etag)),
            _ => None,
        };
        let annotations = annotations.unwrap_or_default();
        match &options.select {
            Some(members) => style.write_selected(&mut body, &annotations, row, members),
            None => style.write(&mut body, &annotations, row),
        }
        body.push(b',');
        on_page += 1;
    }
    close(&mut body, b']');
    let top_left = options.top.map(|top| top - on_page);
    let is_full = on_page == limit && top_left != Some(0);
    if is_full && (settings.link_after_full_last_page || rows.next().is_some()) {
        let link = next_link(format, set, &options.next(options.skip + on_page, top_left));
        body.extend_from_slice(link.as_bytes());
    }
    body.push(b'}');
    let mut response = format.json(StatusCode::OK, body);
    if let Some(preferred) = preferred {
        set_header(&mut response, "preference-applied", &format!("odata.maxpagesize={preferred}"));
    }
    Ok(response)
}

/// Rows on a page, and the preference that was followed.
fn page_size(headers: &HeaderMap, default: usize) -> (usize, Option<usize>) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let preferences = text("prefer").unwrap_or_default().split([',', ';']);
    let preferred = preferences
        .filter_map(|preference| preference.trim().strip_prefix("odata.maxpagesize="))
        .find_map(|size| size.trim().parse().ok());
    let size = preferred.or_else(|| text("b1s-pagesize")?.trim().parse().ok()).unwrap_or(default);
    (if size == 0 { usize::MAX } else { size }, preferred)
}

fn next_link(format: &Format<'_>, set: Set, query: &str) -> String {
    let (name, root) = (set.name(), format.root());
    let link = match &format.settings.links {
        LinkStyle::Relative => format!("{name}?{query}"),
        LinkStyle::AbsolutePath => format!("{root}{name}?{query}"),
        LinkStyle::AbsoluteUrl => format!("{}{root}{name}?{query}", format.settings.host),
        LinkStyle::OtherHost(host) => format!("{host}{root}{name}?{query}"),
    };
    match format.version {
        Version::V1 => format!(",\"odata.nextLink\":\"{link}\""),
        Version::V2 => format!(",\"@odata.nextLink\":\"{link}\""),
    }
}

/// Answers `GET` of `$count` of a set.
pub(crate) fn count(
    world: &World,
    format: &Format<'_>,
    set: Set,
    query: &str,
) -> Result<Response<Bytes>, Refusal> {
    let options = Options::parse(query, set.entity_type(), format.settings.metadata, format.version)?;
    let matching = set.matching(world, &options, None).skip(options.skip);
    let count = matching.take(options.top.unwrap_or(usize::MAX)).count();
    let mut response = format.json(StatusCode::OK, count.to_string().into_bytes());
    response.headers_mut().remove(http::header::CONTENT_TYPE);
    set_header(&mut response, "content-type", "text/plain;charset=utf-8");
    Ok(response)
}

/// Answers `GET` of one entity.
pub(crate) fn single(
    world: &World,
    format: &Format<'_>,
    set: Set,
    key: &Key,
    query: &str,
) -> Result<Response<Bytes>, Refusal> {
    let options = Options::parse(query, set.entity_type(), format.settings.metadata, format.version)?;
    let entity = set.find(world, key)?;
    let context = match format.version {
        Version::V1 => format.context(&format!("{}/@Element", set.name())),
        Version::V2 => format.context(&format!("{}/$entity", set.name())),
    };
    let etag = format.etag(entity);
    let broken = format.settings.select_breaks_etag && options.select.is_some();
    let shown = if broken { etag.as_ref().map(|_| etag_of(1)) } else { etag.clone() };
    let annotations =
        shown.map_or_else(|| context.clone(), |etag| context.clone() + &format.etag_member(&etag));
    let mut body = Vec::new();
    match &options.select {
        Some(members) => format.style().write_selected(&mut body, &annotations, entity, members),
        None => format.style().write(&mut body, &annotations, entity),
    }
    let mut response = format.json(StatusCode::OK, body);
    if let (Some(etag), false) = (etag, broken) {
        set_header(&mut response, "etag", &etag);
    }
    Ok(response)
}
