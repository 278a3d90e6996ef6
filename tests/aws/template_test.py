"""What must hold between the templates and the code, and no linter knows."""

import json
import pathlib
import re
import unittest

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[2]
TEMPLATE = yaml_parse((ROOT / "infra/template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
TABLES = (ROOT / "shared/store/src/aws/tables.rs").read_text()


def of_type(name):
    return {key: one["Properties"] for key, one in RESOURCES.items() if one["Type"] == name}


def statements():
    for name, role in of_type("AWS::IAM::Role").items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


class Concurrency(unittest.TestCase):
    def test_all_workers_together_stay_within_the_requests_that_sap_may_get(self):
        rows = TEMPLATE["Mappings"]["SapRequests"]
        self.assertEqual(set(rows), set(TEMPLATE["Parameters"]["SapMaxParallelRequests"]["AllowedValues"]))
        each = int(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["B1_COUPA_SYNC_SAP_REQUESTS"])
        reserved = ["PollerFunction", "ReconcileFunction"]
        others = sum(RESOURCES[name]["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1] for name in reserved)
        for most, row in rows.items():
            self.assertLessEqual((row["Live"] + row["Backfill"] + others) * each, int(most))
            # Lambda takes no less.
            self.assertGreaterEqual(min(row.values()), 2)

    def test_each_mapping_has_its_share(self):
        for name, column in [("LiveToSync", "Live"), ("BackfillToSync", "Backfill")]:
            mapping = RESOURCES[name]["Properties"]
            self.assertEqual(mapping["ScalingConfig"]["MaximumConcurrency"],
                             {"Fn::FindInMap": ["SapRequests", {"Ref": "SapMaxParallelRequests"}, column]})
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])


class Queues(unittest.TestCase):
    def test_a_message_stays_out_of_sight_for_six_time_outs_of_sync(self):
        for name in ["LiveQueue", "BackfillQueue"]:
            least = 6 * RESOURCES["SyncFunction"]["Properties"]["Timeout"]
            self.assertGreaterEqual(RESOURCES[name]["Properties"]["VisibilityTimeout"], least)

    def test_nothing_is_lost_within_a_fortnight_and_the_receive_count_is_a_backstop(self):
        for name, queue in of_type("AWS::SQS::Queue").items():
            self.assertEqual(queue["MessageRetentionPeriod"], 14 * 24 * 3600, name)
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
            if name != "DeadLetterQueue":
                self.assertGreaterEqual(queue["RedrivePolicy"]["maxReceiveCount"], 100, name)


class Tables(unittest.TestCase):
    """Against shared/store/src/aws/tables.rs."""

    CONSTANTS = dict(re.findall(r'const (\w+): &str = "(\w+)"', TABLES))

    @classmethod
    def keys_of(cls, schema):
        return [(one["AttributeName"], one["KeyType"]) for one in schema]

    def test_keys(self):
        constants = self.CONSTANTS
        state, audit = (RESOURCES[constants[name]]["Properties"] for name in ["STATE_TABLE", "AUDIT_TABLE"])
        self.assertEqual(self.keys_of(state["KeySchema"]), [(constants["PK"], "HASH")])
        self.assertEqual(self.keys_of(audit["KeySchema"]), [(constants["DOCUMENT"], "HASH"), (constants["AT"], "RANGE")])
        self.assertEqual(audit["TimeToLiveSpecification"], {"AttributeName": constants["EXPIRES_AT"], "Enabled": True})

    def test_indexes(self):
        wanted = {}
        constant = lambda text: text.strip('"') if text.startswith('"') else self.CONSTANTS[text]
        listed = re.findall(r'Index \{ table: (\w+), name: (\w+), hash: (\S+), range: (?:None|Some\(\((\S+), "(\w)"\)\)) \}', TABLES)
        for table, name, hash_key, range_key, letter in listed:
            keys = [(constant(hash_key), "HASH")] + ([(constant(range_key), "RANGE")] if range_key else [])
            types = {constant(hash_key): "S"} | ({constant(range_key): letter} if range_key else {})
            wanted[(constant(table), constant(name))] = (keys, types)
        self.assertEqual(len(listed), int(re.search(r"INDEXES: \[Index; (\d+)\]", TABLES)[1]))
        found = {}
        for table, one in of_type("AWS::DynamoDB::Table").items():
            types = {a["AttributeName"]: a["AttributeType"] for a in one["AttributeDefinitions"]}
            for index in one["GlobalSecondaryIndexes"]:
                self.assertEqual(index["Projection"], {"ProjectionType": "KEYS_ONLY"})
                keys = self.keys_of(index["KeySchema"])
                found[(table, index["IndexName"])] = (keys, {name: types[name] for name, _ in keys})
        self.assertEqual(found, wanted)

    def test_they_outlive_the_stack(self):
        for name in ["StateTable", "AuditTable", "Secret", "Key", "Certificates"]:
            self.assertEqual((RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]), ("Retain", "Retain"))


class Certificates(unittest.TestCase):
    BUCKET = RESOURCES["Certificates"]["Properties"]
    DAY = (ROOT / "shared/certificate/src/day.rs").read_text()

    def test_nobody_reads_them_unencrypted_and_none_is_written_over(self):
        rule = self.BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
        self.assertEqual(rule, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}})
        self.assertEqual(set(self.BUCKET["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(self.BUCKET["VersioningConfiguration"], {"Status": "Enabled"})

    def test_functions_put_them_where_the_code_does_and_can_do_nothing_else(self):
        code = (ROOT / "functions/reconcile/src/main.rs").read_text()
        folders = [re.search(r'format!\("(\w+/)', code)[1], re.search(r'CHECKPOINTS: &str = "(\w+/)"', self.DAY)[1]]
        found = [(role, one) for role, one in statements() if "s3:" in str(one["Action"])]
        self.assertEqual([role for role, _ in found], ["ReconcileRole"])
        statement = found[0][1]
        self.assertEqual((statement["Action"], statement["Resource"]),
                         (["s3:PutObject"], [{"Fn::Sub": f"${{Certificates.Arn}}/{folder}*"} for folder in folders]))

    def test_certificates_go_some_day_and_checkpoints_never(self):
        rules = {rule["Id"]: rule for rule in self.BUCKET["LifecycleConfiguration"]["Rules"]}
        self.assertEqual([(rule["Id"], rule["Prefix"]) for rule in rules.values() if "ExpirationInDays" in rule],
                         [("Certificates", "certificates/")])

    def test_no_entry_goes_before_the_nights_that_sign_it(self):
        code = (ROOT / "functions/reconcile/src/let_go.rs").read_text()
        ahead = int(re.search(r"AHEAD_DAYS: i64 = (\d+)", code)[1])
        # The day must be over, and the nights before it goes are still to come.
        self.assertGreaterEqual(TEMPLATE["Parameters"]["AuditRetentionDays"]["MinValue"], ahead + 2)


class Notifications(unittest.TestCase):
    def test_one_function_publishes_to_the_one_topic_and_may_use_its_key(self):
        found = [(role, one["Action"], one["Resource"]) for role, one in statements() if "sns:" in str(one["Action"])]
        self.assertEqual(found, [("NotifierRole", ["sns:Publish"], {"Ref": "Alarms"})])
        self.assertEqual(RESOURCES["Alarms"]["Properties"]["KmsMasterKeyId"], {"Fn::GetAtt": ["Key", "Arn"]})
        through = [one["Action"] for role, one in statements() if role == "NotifierRole" and "sns." in str(one.get("Condition"))]
        self.assertEqual(through, [["kms:Decrypt", "kms:GenerateDataKey"]], "what SNS asks of who publishes to an encrypted topic")
        variables = RESOURCES["NotifierFunction"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(variables, {"B1_COUPA_TOPIC_ARN": {"Ref": "Alarms"}})

    def test_it_writes_nothing_but_records(self):
        actions = {action for role, one in statements() if role == "NotifierRole" for action in one["Action"]}
        self.assertEqual({action for action in actions if action.startswith("dynamodb:")},
                         {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"})


class Permissions(unittest.TestCase):
    # AWS takes no names for these.
    NAMELESS = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

    def test_resources_are_named(self):
        for role, statement in statements():
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if statement["Resource"] == "*":
                self.assertLessEqual(set(actions), self.NAMELESS, role)

    def test_actions_are_spelled_out(self):
        # What AWS asks for, for any use of a table with a key of one's own.
        through_dynamodb = {"kms:ReEncrypt*", "kms:GenerateDataKey*"}
        for role, statement in statements():
            for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
                self.assertTrue("*" not in action or action in through_dynamodb, f"{role}: {action}")

    def test_nothing_is_scanned(self):
        self.assertNotIn("dynamodb:Scan", str(list(statements())))


class Watching(unittest.TestCase):
    """Against shared/telemetry/src/metrics.rs."""

    CODE = (ROOT / "shared/telemetry/src/metrics.rs").read_text()
    METRICS = dict(re.findall(r'Self::(\w+) => "(\w+)"', CODE.partition("fn unit")[0]))
    WATCH = yaml_parse((ROOT / "infra/watch.yaml").read_text())["Resources"]

    def ours(self):
        """Metric and dimensions of each alarm and each line of the dashboard that is about our own metrics."""
        for name, one in self.WATCH.items():
            properties = one["Properties"]
            if one["Type"] == "AWS::CloudWatch::Alarm" and properties["Namespace"] == "B1Coupa":
                yield properties["MetricName"], tuple(d["Name"] for d in properties["Dimensions"])
        for widget in json.loads(self.WATCH["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]:
            for line in widget["properties"]["metrics"]:
                if line[0] == "B1Coupa":
                    yield line[1], ("Company",)
                elif isinstance(line[0], dict):
                    found = re.search(r"{B1Coupa,([\w,]+)} MetricName=\"(\w+)\"", line[0]["expression"])
                    yield found[2], tuple(found[1].split(","))

    def test_only_metrics_that_there_are(self):
        found = {name for name, _ in self.ours()}
        self.assertLessEqual(found, set(self.METRICS.values()))
        self.assertEqual(set(self.METRICS.values()) - found, set(), "these are shown nowhere")

    def test_by_the_dimensions_that_they_have(self):
        by_object = {"PollSucceeded", "PollFailed", "WebhookChanges"}
        for name, dimensions in self.ours():
            wanted = ("Company", "Object", "Outcome") if name == "Documents" else ("Company", "Object") if name in by_object else ("Company",)
            # In all for the alarm, by object for the dashboard.
            if name != "Differences" or dimensions != ("Company", "Object"):
                self.assertEqual(dimensions, wanted, name)

    def test_every_object_has_an_alarm_of_its_polls_and_they_look_at_three_intervals(self):
        alarms = [one["Properties"] for one in self.WATCH.values() if one["Properties"].get("MetricName") == "PollSucceeded"]
        inputs = [json.loads(one["Target"]["Input"]) for one in of_type("AWS::Scheduler::Schedule").values()]
        self.assertEqual(sorted(a["Dimensions"][1]["Value"] for a in alarms), sorted(i["object"] for i in inputs if "object" in i))
        for alarm in alarms:
            self.assertEqual((alarm["EvaluationPeriods"], alarm["TreatMissingData"]), (3, "breaching"))
        for minutes, row in TEMPLATE["Mappings"]["PollSeconds"].items():
            self.assertEqual(row["Period"], int(minutes) * 60)


    def test_drift_stays_told_until_a_comparison_says_otherwise_and_none_at_all_is_told_too(self):
        for name in ["Differences", "ReconcileFailed"]:
            self.assertEqual(self.WATCH[name]["Properties"]["TreatMissingData"], "ignore", name)
            self.assertIn(f'ALARM("${{{name}}}")', self.WATCH["Drift"]["Properties"]["AlarmRule"]["Fn::Sub"])
        none = self.WATCH["NoComparison"]["Properties"]
        self.assertEqual((none["Period"] * none["EvaluationPeriods"], none["TreatMissingData"]), (26 * 3600, "breaching"))
        for name in ["Drift", "NoComparison"]:
            self.assertEqual(self.WATCH[name]["Properties"]["AlarmActions"], [{"Ref": "Topic"}], name)

    def test_every_function_that_is_not_made_good_by_another_sign_has_an_alarm_of_its_failures(self):
        failing = {d["Value"]["Fn::Sub"] for one in self.WATCH.values() for d in one["Properties"].get("Dimensions", [])
                   if one["Properties"].get("MetricName") == "Errors"}
        # That no poll succeeds has alarms of its own.
        functions = [one["FunctionName"]["Fn::Sub"] for one in of_type("AWS::Serverless::Function").values()]
        wanted = {name.replace("AWS::StackName", "Stack") for name in functions} - {"${Stack}-poller"}
        self.assertEqual(failing, wanted)

    def test_without_a_schedule_no_comparison_is_missed(self):
        self.assertEqual(RESOURCES["Reconcile"]["Condition"], "Nightly")
        self.assertEqual(self.WATCH["NoComparison"]["Condition"], "Nightly")


class Outputs(unittest.TestCase):
    def test_what_the_command_line_needs_is_there(self):
        for name in ["StateTable", "AuditTable", "LiveQueueUrl", "LiveQueueArn", "BackfillQueueUrl", "BackfillQueueArn",
                     "DeadLetterQueueUrl", "DeadLetterQueueArn", "PollerFunction", "SyncFunction", "ReplayFunction",
                     "ReconcileFunction", "NotifierFunction", "CertificatesBucket", "AlarmTopic",
                     "SecretArn", "WebhookUrl"]:
            self.assertIn(name, TEMPLATE["Outputs"])


if __name__ == "__main__":
    unittest.main()
