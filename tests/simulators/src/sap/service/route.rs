use super::answer::Format;
use super::session::Sessions;
use super::sets::Set;
use super::{read, write};
use crate::escapes::decode;
use crate::sap::query::Version;
use crate::sap::refusal::Refusal;
use crate::sap::value::{Field, Record};
use crate::sap::webhooks;
use crate::sap::world::World;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;

/// The version and the path below its root.
pub(crate) fn split(path: &str) -> Option<(Version, &str)> {
    let (version, rest) = match path.strip_prefix("/b1s/v1") {
        Some(rest) => (Version::V1, rest),
        None => (Version::V2, path.strip_prefix("/b1s/v2")?),
    };
    (rest.is_empty() || rest.starts_with('/')).then_some((version, rest))
}

/// Does what a request below `/b1s/vN` asks.
pub(crate) fn route(
    world: &mut World,
    sessions: &mut Sessions,
    format: &Format<'_>,
    path: &str,
    request: &Request<Bytes>,
    now: Timestamp,
    request_number: u64,
) -> Result<Response<Bytes>, Refusal> {
    let headers = request.headers();
    if headers.contains_key("expect") {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return Ok(response);
    }
    let method = effective_method(request);
    if path == "/Login" && method == Method::POST {
        return sessions.login(request.body(), now, format);
    }
    // Whoever isn't logged in learns nothing about what exists.
    let session = sessions.check(headers, now, format)?;
    let query = request.uri().query().unwrap_or_default();
    let path = path.trim_matches('/');
    match (&method, path) {
        (&Method::POST, "Logout") => return Ok(sessions.logout(&session, format)),
        (&Method::GET, "") => return Ok(service_document(format)),
        (&Method::POST, "CompanyService_GetCompanyInfo") => return Ok(company_info(format)),
        (&Method::POST, "CompanyService_GetAdminInfo") => return Ok(admin_info(format, world)),
        _ => {}
    }
    let (webhooks, settings) = (&mut world.webhooks, format.settings);
    let decoded = decode(&path.replace('+', "%2B"));
    if let Some(answer) =
        webhooks::route(webhooks, settings, format.version, &method, &decoded, headers, request.body())
    {
        return answer.map(|(status, body)| match body {
            Some(body) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                format.json(status, body.to_string().into_bytes())
            }
            None => format.no_content(),
        });
    }
    let (first, second) = path.split_once('/').map_or((path, None), |(first, second)| (first, Some(second)));
    let first = decode(&first.replace('+', "%2B"));
    let (name, key) = match first.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(unknown)?)),
        None => (first.as_str(), None),
    };
    let set = Set::of_name(name).ok_or_else(unknown)?;
    let key = key.map(|key| set.key(key)).transpose()?;
    if set == Set::Partners && !format.settings.partners_have_coupa_id {
        lacks_coupa_id(query, request.body())?;
    }
    match (&method, &key, second) {
        (&Method::GET, None, None) => read::list(world, format, set, query, headers, request_number),
        (&Method::GET, None, Some("$count")) => read::count(world, format, set, query),
        (&Method::GET, Some(key), None) => read::single(world, format, set, key, query),
        (&Method::POST, None, None) => write::create(world, format, set, headers, request.body()),
        (&Method::PATCH, Some(key), None) => write::update(world, format, set, key, headers, request.body()),
        (&Method::DELETE, Some(key), None) => write::delete(world, format, set, key, headers),
        (&Method::POST, Some(key), Some(action)) => write::act(world, format, set, key, action, headers),
        _ => Err(unknown()),
    }
}

/// A user-defined field that nobody has added is as unknown as any other name.
fn lacks_coupa_id(query: &str, body: &[u8]) -> Result<(), Refusal> {
    const NAME: &str = "U_CoupaId";
    if query.contains(NAME) || String::from_utf8_lossy(body).contains(NAME) {
        return Err(Refusal::syntax(format!("Property '{NAME}' of 'BusinessPartner' is invalid")));
    }
    Ok(())
}

/// Some clients cannot send PATCH and say so in a header.
fn effective_method(request: &Request<Bytes>) -> Method {
    let overridden = request.headers().get("x-http-method-override");
    match overridden.map(|value| Method::from_bytes(value.as_bytes())) {
        Some(Ok(method)) if request.method() == Method::POST => method,
        _ => request.method().clone(),
    }
}

fn unknown() -> Refusal {
    Refusal::new(400, 200, "Unrecognized resource path.")
}

fn service_document(format: &Format<'_>) -> Response<Bytes> {
    let sets = Set::all().map(|set| {
        let name = set.name();
        format!("{{\"name\":\"{name}\",\"kind\":\"EntitySet\",\"url\":\"{name}\"}}")
    });
    let context = format.context("");
    let context = context.replace("$metadata#", "$metadata");
    let body = format!("{{{context}\"value\":[{}]}}", sets.collect::<Vec<_>>().join(","));
    format.json(StatusCode::OK, body.into_bytes())
}

fn company_info(format: &Format<'_>) -> Response<Bytes> {
    let mut info = Record::new("CompanyInfo");
    info.set("Version", Field::Int(1_000_321));
    info.set_text("EnableExpensesManagement", "tYES");
    info.set_text("EnableSharingSeries", "tNO");
    object(format, "CompanyInfo", &info)
}

fn admin_info(format: &Format<'_>, world: &World) -> Response<Bytes> {
    let mut info = Record::new("AdminInfo");
    info.set("Code", Field::Int(1));
    info.set_text("CompanyName", "Hanse Supply GmbH");
    info.set_text("Country", "DE");
    info.set_text("LocalCurrency", &format.settings.local_currency);
    info.set_text("SystemCurrency", &format.settings.local_currency);
    info.set_text("EnableBranches", "tNO");
    let mut body = Vec::new();
    format.style().write(&mut body, &format.context("AdminInfo"), &info);
    if format.settings.has_webhooks && body.ends_with(b"}") {
        // Newer than the metadata that the schema was made from.
        let enabled = if world.webhooks.enabled { "tYES" } else { "tNO" };
        body.pop();
        body.extend_from_slice(format!(",\"EnableWebhook\":\"{enabled}\"}}").as_bytes());
    }
    format.json(StatusCode::OK, body)
}

fn object(format: &Format<'_>, of: &str, record: &Record) -> Response<Bytes> {
    let mut body = Vec::new();
    format.style().write(&mut body, &format.context(of), record);
    format.json(StatusCode::OK, body)
}
