//! What must hold of a deployed stack, in order: each step builds on the ones before.

mod balance;
mod notified;
mod poison;
mod trail;

use crate::{
    Failure,
    emulator::Emulator,
    memory,
    stack::{self, Stack},
    tools::Tools,
    wait,
    web::{self, Sender},
    world::{COUPA_SECRET, SAP_PASSWORD, SIGNING_KEY, World},
};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

/// A step, by what it shows. Answers what is worth telling.
type Step = fn(&mut Run) -> Result<String, Failure>;

pub(crate) const STEPS: [(&str, Step); 13] = [
    ("sam build packages the functions", Run::build),
    ("sam deploy creates the stack, and the secret is put", Run::create),
    ("the schedule fires the poller, and Coupa is right", Run::first_sync),
    ("a webhook call through the API: handshake, wrong signature, signed change", Run::webhook),
    ("poison documents land in the dead-letter queue while the rest goes through", Run::poison),
    ("who subscribes to the topic is told of them in one message, and not again", Run::told),
    ("a stack update changes parameters, and the state survives", Run::update),
    ("a redrive without destination is refused, with one it heals what was mended", Run::redrive),
    ("after the update, a signed change still arrives", Run::after_update),
    ("the schedule compares both sides: what drifted is certified, counted and told by status", Run::drift),
    ("mended, both sides are in balance, and a strange event is refused", Run::balance),
    ("what expires of the trail is signed, and what was taken out is told from it", Run::trail),
    ("nothing is left: queues empty, Coupa right, SAP's limit kept", Run::end),
];

const OBJECTS: [&str; 5] = ["Suppliers", "PurchaseOrders", "Invoices", "CreditNotes", "Payments"];
/// A schedule of a minute, and what it sets off.
const POLLED: Duration = Duration::from_secs(150);
const SOON: Duration = Duration::from_secs(45);

/// A company, an emulator, and the stack between them.
pub(crate) struct Run {
    tools: Tools,
    world: World,
    emulator: Emulator,
    stack: Option<Stack>,
    poison: Vec<i64>,
    /// The queue that is told what people must mend.
    told: String,
    // The emulator, which has its files there, ends first.
    folder: TempDir,
}

impl Run {
    pub(crate) fn prepare(tools: &Tools, enforces: bool) -> Result<Self, Failure> {
        let scratch = tools.scratch();
        std::fs::create_dir_all(&scratch)?;
        let folder = TempDir::new_in(&scratch)?;
        let world = World::new(40)?;
        let emulator = Emulator::start(tools, folder.path(), enforces)?;
        Ok(Self {
            tools: tools.clone(),
            world,
            emulator,
            stack: None,
            poison: vec![],
            told: String::new(),
            folder,
        })
    }

    /// What may tell why a step failed.
    pub(crate) fn explain(&self) -> String {
        self.emulator.log_end()
    }

    fn stack(&self) -> Result<&Stack, Failure> {
        self.stack.as_ref().ok_or_else(|| Failure::new("there is no stack"))
    }

    fn build(&mut self) -> Result<String, Failure> {
        let config = self.folder.path().join("config");
        self.world.write_config(&config)?;
        stack::build(&self.tools, &config)?;
        Ok(String::new())
    }

    fn deploy(&mut self, minutes: &str, level: &str, comparisons: &str, looks: &str) -> Result<(), Failure> {
        let polls: Vec<_> = OBJECTS.iter().map(|object| format!("PollMinutes{object}")).collect();
        let mut parameters: Vec<_> = polls.iter().map(|name| (name.as_str(), minutes)).collect();
        parameters.extend([("LogLevel", level), ("Company", "SBODEMO_ACME")]);
        parameters.extend([
            ("ReconcileSchedule", comparisons),
            ("NotifyMinutes", looks),
            ("AuditRetentionDays", "7"),
        ]);
        self.stack = Some(Stack::deploy(&self.tools, &self.emulator, &parameters)?);
        Ok(())
    }

    fn create(&mut self) -> Result<String, Failure> {
        self.deploy("1", "info", "off", "1")?;
        let secret = json!({
            "sap-password": SAP_PASSWORD, "coupa-client-secret": COUPA_SECRET, "webhook-key": web::KEY,
            "signing-key": SIGNING_KEY,
        });
        let put = json!({"SecretId": self.stack()?.output("SecretArn")?, "SecretString": secret.to_string()});
        self.emulator.call("secretsmanager", "put_secret_value", &put.to_string())?;
        Ok(String::new())
    }

    fn first_sync(&mut self) -> Result<String, Failure> {
        self.in_step_within(POLLED)?;
        self.queues_empty_within(SOON)?;
        let documents: usize = self.world.sap.counts().values().sum();
        let mut requests = self.emulator.call("emulator", "requests", "{}")?;
        for function in ["poller", "sync"] {
            requests[format!("log lines of {function}, bytes")] = self.logged(function);
        }
        Ok(format!("{documents} documents\n{}", table(&requests, documents)))
    }

    /// What a function wrote into its log: CloudWatch takes money for each byte.
    fn logged(&self, function: &str) -> Value {
        let group = json!({"logGroupName": format!("/aws/lambda/b1-coupa-test-{function}")}).to_string();
        let lines = self.emulator.call("logs", "filter_log_events", &group).unwrap_or_default();
        let lines = lines["events"].as_array().cloned().unwrap_or_default();
        let bytes: usize = lines.iter().filter_map(|line| Some(line["message"].as_str()?.len())).sum();
        json!({"requests": lines.len(), "amount": bytes})
    }

    fn webhook(&mut self) -> Result<String, Failure> {
        let sender = Sender::new(&self.emulator, self.stack()?)?;
        let token = "0b5c2f7e-5f0c-4b6e-9d55-3a1c6f2a9d10";
        let handshake = sender.handshake(token)?;
        expect("the handshake", &handshake, 200)?;
        if handshake.1["Challenge"] != token {
            return Err(Failure::new(format!("the challenge came back as {}", handshake.1)));
        }
        let supplier = self.any_supplier()?;
        let (entry, number) = self.world.order(&supplier, "EUR")?;
        expect("a wrong signature", &sender.order_changed(entry, "another-key")?, 401)?;
        expect("a signed change", &sender.order_changed(entry, web::KEY)?, 200)?;
        self.order_arrives(&number, SOON)
    }

    fn update(&mut self) -> Result<String, Failure> {
        let tables = |run: &Self| {
            let stack = run.stack()?;
            Ok::<_, Failure>((
                stack.output("StateTable")?.to_owned(),
                stack.output("LiveQueueUrl")?.to_owned(),
            ))
        };
        let before = (tables(self)?, self.world.writes());
        self.deploy("60", "debug", "rate(1 minutes)", "off")?;
        let function = json!({"FunctionName": self.stack()?.output("SyncFunction")?});
        let config = self.emulator.call("lambda", "get_function_configuration", &function.to_string())?;
        if config["Environment"]["Variables"]["B1_COUPA_LOG_LEVEL"] != "debug" {
            return Err(Failure::new(format!("the parameter did not arrive: {config}")));
        }
        // With what it knows lost, it would enter everything anew.
        self.poll("purchase_orders")?;
        self.queues_empty_within(SOON)?;
        if (tables(self)?, self.world.writes()) == before {
            return Ok(String::new());
        }
        Err(Failure::new("the update lost tables, queues or what was in them"))
    }

    fn poll(&self, object: &str) -> Result<(), Failure> {
        let poll = json!({
            "FunctionName": self.stack()?.output("PollerFunction")?,
            "Payload": json!({"object": object}).to_string(),
        });
        let polled = self.emulator.call("lambda", "invoke", &poll.to_string())?;
        if polled.get("FunctionError").is_some() {
            return Err(Failure::new(format!("the poller failed: {polled}")));
        }
        Ok(())
    }

    fn after_update(&mut self) -> Result<String, Failure> {
        let (entry, number) = self.world.order(&self.any_supplier()?, "EUR")?;
        let sender = Sender::new(&self.emulator, self.stack()?)?;
        expect("a signed change", &sender.order_changed(entry, web::KEY)?, 200)?;
        self.order_arrives(&number, SOON)
    }

    fn end(&mut self) -> Result<String, Failure> {
        self.queues_empty_within(SOON)?;
        self.in_step_within(SOON)?;
        let most = self.world.sap.most_concurrent_requests();
        if most > 6 {
            return Err(Failure::new(format!("{most} requests to SAP at the same time")));
        }
        let peaks = memory::peaks(self.folder.path());
        let peaks: Vec<_> = peaks.iter().map(|(name, peak)| format!("{name} {peak}")).collect();
        Ok(format!(
            "at most {most} requests to SAP at the same time; peak memory in MB: {}",
            peaks.join(", ")
        ))
    }

    fn any_supplier(&self) -> Result<String, Failure> {
        self.world.sap.supplier_codes().into_iter().next().ok_or_else(|| Failure::new("no supplier"))
    }

    fn in_step_within(&self, longest: Duration) -> Result<(), Failure> {
        let step = Duration::from_millis(500);
        if wait::at_most(longest, step, || self.world.differences().is_empty()) {
            return Ok(());
        }
        let differences = self.world.differences();
        let some = differences.iter().take(8).cloned().collect::<Vec<_>>().join("\n    ");
        Err(Failure::new(format!("{} differences, such as\n    {some}", differences.len())))
    }

    fn order_arrives(&self, number: &str, longest: Duration) -> Result<String, Failure> {
        let there = || self.world.coupa.order_by_number(number).is_some();
        if wait::at_most(longest, Duration::from_millis(50), there) {
            return Ok(format!("order {number} is there"));
        }
        Err(Failure::new(format!("order {number} did not arrive")))
    }

    fn queues_empty_within(&self, longest: Duration) -> Result<(), Failure> {
        let stack = self.stack()?;
        let urls = [stack.output("LiveQueueUrl")?, stack.output("BackfillQueueUrl")?];
        let empty = |url: &&str| {
            let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
            let ask = json!({"QueueUrl": url, "AttributeNames": names}).to_string();
            let answer = self.emulator.call("sqs", "get_queue_attributes", &ask).unwrap_or_default();
            names.iter().all(|name| answer["Attributes"][name] == "0")
        };
        if wait::at_most(longest, Duration::from_millis(500), || urls.iter().all(empty)) {
            return Ok(());
        }
        Err(Failure::new("a queue did not become empty"))
    }
}

/// What each service was asked, by document: the figures that the cost is reckoned from.
fn table(requests: &Value, documents: usize) -> String {
    let documents = u64::try_from(documents).unwrap_or(1).max(1);
    let by_document = |count: u64| {
        let hundredths = count * 100 / documents;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    let mut lines = vec![format!("{:>40} {:>9} {:>13} {:>13}", "", "requests", "by document", "items or ms")];
    for (name, seen) in requests.as_object().into_iter().flatten() {
        let count = |key: &str| seen[key].as_u64().unwrap_or_default();
        let (asked, amount) = (count("requests"), count("amount"));
        lines.push(format!("{name:>40} {asked:>9} {:>13} {:>13}", by_document(asked), by_document(amount)));
    }
    lines.join("\n")
}

fn expect(what: &str, answer: &(u16, Value), status: u16) -> Result<(), Failure> {
    if answer.0 == status {
        return Ok(());
    }
    Err(Failure::new(format!("{what} was answered {} {}, not {status}", answer.0, answer.1)))
}
