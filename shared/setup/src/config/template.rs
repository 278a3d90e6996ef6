/// A config file with every key and what it means, for documents from `year` on.
pub fn template(year: i16) -> String {
    TEMPLATE.replace("{year}", &format!("{year:04}"))
}

const TEMPLATE: &str = r#"# How b1-coupa reaches both systems, and what it moves.
# Lines that begin with `#` say what a key means, or show its default.
# Secrets never stand here: `b1-coupa secrets set` keeps them encrypted.
# When this file is filled in, `b1-coupa check` says what is still missing.

[sap]
# Scheme, host and port of the Service Layer, without /b1s/v2.
service_layer_url = "https://sap.example.local:50000"
# The address at which that name is reached through a tunnel; name and certificate stay as they are. See docs/tunnel.md.
# connect_to = "10.99.0.2"
# The company database, as SAP's log-in window shows it.
company_db = "SBODEMOUS"
# The integration user. Give it a user of its own: a person's log-in would end its session.
user = "coupa_sync"
# Whom to trust: nothing here means the authorities that this machine trusts.
# A certificate authority of yours, or the Service Layer's own self-signed certificate (PEM):
# ca_file = "service-layer.pem"
# Or, for the certificate that SAP's installer makes, its public key; `b1-coupa check` prints it.
# Two while the certificate is being changed.
# spki_sha256 = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
# "v2", or "v1" on a Service Layer that has no v2.
# odata_version = "v2"
# Documents asked for in one page, 1 to 1000.
# page_size = 100
# Requests under way at the same time, 1 to 64. The Service Layer slows down long before it says no.
# max_parallel_requests = 4

[coupa]
# Your tenant.
url = "https://acme.coupahost.com"
# The OAuth client (Setup > Integrations > OAuth2/OpenID Connect Clients), grant type client credentials.
client_id = "..."
# Sent as X-Coupa-API-Version on every call; "" leaves it out.
# api_version = "44"
# Requests per second, any positive number. Coupa allows about 25 to all your integrations together.
# requests_per_second = 20
# How long one request may take, in seconds.
# request_timeout_seconds = 30
# How much later than that it can still reach Coupa, in seconds: the time a proxy may hold it back.
# max_arrival_delay_seconds = 60
# Login or e-mail of the Coupa user that purchase orders are shipped to. Every order needs one.
ship_to_user = "buyer@acme.example"
# Location code of the ship-to address, for warehouses without an entry under [ship_to] in the mapping file.
ship_to_address = "MAIN"
# Name of the chart of accounts that SAP's account codes belong to in Coupa.
chart_of_accounts = "Main COA"
# Code of the reason insight for reopening a soft-closed order, when an invoice on it comes late.
# reopen_reason = ""
# Send invoices past Coupa's approval chain. Ask your finance team first.
# bypass_approvals = false
# Code of the integration (Setup > Integrations) under which failures that a person must mend are shown as integration errors in
# Coupa, and resolved by themselves. Needs the scopes core.integration.read and core.integration.write. "" tells nobody.
# integration = ""

[sync]
# What is kept in step.
# objects = ["suppliers", "purchase_orders", "invoices", "credit_notes", "payments"]
# Documents with an earlier document date (DocDate) are left alone. Suppliers all go over.
start_date = "{year}-01-01"
# How often SAP is asked what changed. Lengths of time are a number and s, m, h or d.
# poll_interval = "5m"
# How far back payments are read again: SAP puts no update stamp on them.
# payment_rescan = "90d"
# What waits longer than this for something else is reported as failed.
# waiting_limit = "30d"
# What becomes of a document of Coupa's that is gone from SAP: "report" has a person decide (BC-0105), "leave" leaves it alone, "cancel"
# cancels or voids it, or makes the supplier inactive. Always recorded, and never deleted.
# when_gone = "report"
# Documents worked on at the same time, 1 to 256.
# workers = 16

[suppliers]
# Suppliers go both ways: what is changed in Coupa goes to the business partner in SAP too, for which the user in SAP needs the
# right to change business partners. Who wins where both sides changed the same field stands under [suppliers.ownership] in
# the mapping file. `false` leaves business partners alone.
# from_coupa = true
# Active suppliers without a number in Coupa become business partners, and get their CardCode as number.
# create_in_sap = false
# Only those that meet all of these, in the words of Coupa's API.
# create_filter = []
# SAP's numbering series for them (its number, not its name);
# series = 71
# or their CardCode by rule, with Coupa's id in it.
# card_code = "C{id}"
# The user-defined field of business partners that keeps Coupa's id, by which one is found again whatever happened;
# `b1-coupa check` says how to add it. "" does without: then name and tax id must do.
# coupa_id_field = "U_CoupaId"
# What else each of them gets, by SAP's own names.
# new_partner = {}

[store]
# The database file: queue, links between SAP and Coupa, audit trail. Relative to this file's folder.
# path = "b1-coupa.db"

[mapping]
# Codes that differ between SAP and Coupa, number templates and more. Without it the built-in defaults hold.
# file = "mapping.toml"

[webhook]
# SAP can tell what changed (from 10.0 FP 2602 on), which shortens the way. `b1-coupa run` then listens here, and `b1-coupa webhooks enable`
# has SAP call. In plain only on 127.0.0.1, behind a proxy with a certificate.
# listen = "127.0.0.1:8443"
# path = "/sap/events"
# certificate_file = "webhook.pem"
# key_file = "webhook.key"
# The address that SAP calls: https, and the name on the certificate.
# url = "https://bridge.acme.example:8443/sap/events"
# What the subscription is called in SAP.
# subscription = "b1-coupa"
# How SAP proves who it is when it tells what changed, as its subscription says: "HMACSha256", "HMACSha384", "HMACSha512", "Basic" or
# "Bearer". The key is among the secrets.
# algorithm = "HMACSha256"
# With "Basic": the user, whose password is the key.
# user = ""

[reconcile]
# When `b1-coupa run` compares both sides completely, by this machine's clock; "off" leaves that to `b1-coupa reconcile`.
# nightly = "02:00"
# Where the balance certificates are kept. Relative to this file's folder.
# folder = "certificates"

[audit]
# Fields whose values the audit trail does not keep because they are about persons, by Coupa's names.
# personal = []
# How long what was sent and answered is kept, such as "730d"; for good where nothing is said. The attempts themselves always stay.
# keep_payloads = "730d"

[guardrail]
# Stops a run that would change far more than is usual, such as after a mistake in the mapping file, until
# `b1-coupa guardrail accept`. Creations never count.
# enabled = true
# More changes than this within a day, where they are also more than `share_percent` of the documents that are in Coupa;
# changes = 500
# share_percent = 20
# or more cancellations than this, where they are.
# cancellations = 100

[notifications]
# Who is told of what failed for good, of differences that a comparison found, and of SAP staying away: one message for one cause,
# however many documents it stopped. By mail:
# email_to = ["ops@acme.example"]
# email_from = "b1-coupa <b1-coupa@acme.example>"
# smtp_host = "mail.acme.example"
# smtp_port = 587
# "starttls", "tls" (port 465, usually), or "none" to a mail server on this very machine.
# smtp_security = "starttls"
# Who logs in there; the password is among the secrets (smtp-password). "" logs nobody in.
# smtp_user = ""
# As JSON, posted to this address and signed with the secret notification-key. https, without a query.
# webhook_url = "https://hooks.acme.example/b1-coupa"
# Between two messages about the same cause.
# pause = "1h"
"#;
