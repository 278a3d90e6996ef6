"""What must hold between network, tunnels and functions, and no linter knows. Run by tests/aws/lint."""

import json
import pathlib
import re
import subprocess
import unittest

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[2]
INFRA = ROOT / "infra"
LISTED = json.loads((INFRA / "endpoints.json").read_text())
NETWORK, RELAY, VPN, HYBRID = (
    yaml_parse((INFRA / f"{name}.yaml").read_text())
    for name in ["network", "tunnel-relay", "tunnel-vpn", "hybrid"]
)
# Not called by our code: Lambda itself writes logs and traces and makes network interfaces, and tables, queues and secrets ask KMS
# for themselves (kms:ViaService).
BY_AWS = {"ec2", "kms", "logs", "xray"}


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(role):
    for policy in role["Properties"]["Policies"]:
        if not isinstance(policy, dict) or "PolicyDocument" not in policy:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
            if statement["Effect"] == "Allow":
                yield from listed(statement["Action"])


class Endpoints(unittest.TestCase):
    def endpoints(self, kind):
        found = [one["Properties"] for one in NETWORK["Resources"].values() if one["Type"] == "AWS::EC2::VPCEndpoint"]
        return sorted(one["ServiceName"]["Fn::Sub"].rsplit(".", 1)[1] for one in found if one["VpcEndpointType"] == kind)

    def test_what_is_listed_is_there_and_nothing_else(self):
        self.assertEqual(self.endpoints("Gateway"), LISTED["gateway_endpoints"])
        self.assertEqual(self.endpoints("Interface"), LISTED["interface_endpoints"])

    def test_every_service_that_a_function_calls_has_one(self):
        every = {service for services in LISTED["functions"].values() for service in services}
        self.assertEqual(every - set(LISTED["gateway_endpoints"] + LISTED["interface_endpoints"]), set())
        self.assertEqual(set(LISTED["interface_endpoints"]) - every, set(), "an endpoint that nobody uses costs 7 USD a month")

    def test_the_list_is_what_the_functions_have_a_right_to(self):
        resources = yaml_parse((INFRA / "template.yaml").read_text())["Resources"]
        found = {}
        for name, services in LISTED["functions"].items():
            role = resources[resources[f"{name.title()}Function"]["Properties"]["Role"]["Fn::GetAtt"][0]]
            found[name] = sorted({action.split(":")[0] for action in actions(role)} - BY_AWS)
            self.assertEqual(found[name], services, name)
        functions = [one for one in resources.values() if one["Type"] == "AWS::Serverless::Function"]
        self.assertEqual(len(functions), len(found), "a function is not in infra/endpoints.json")


class Relay(unittest.TestCase):
    resources = RELAY["Resources"]

    def user_data(self, **more):
        values = {
            "AWS::Region": "us-east-1", "PublicAddress.AllocationId": "eipalloc-1", "InsideInterface": "eni-1",
            "RelayAddress": "10.99.0.1", "AgentAddress": "10.99.0.2", "AgentPublicKey": "AGENTKEY=", "ServiceLayerPort": "50000",
            "VpcCidr": "10.0.0.0/16", "RelayKeySecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:relay", **more,
        }
        command = [ROOT / "tests/tunnel/user_data", *(f"{name}={value}" for name, value in values.items())]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def test_nobody_comes_in_but_wireguard(self):
        inside = self.resources["RelaySecurityGroup"]["Properties"]["SecurityGroupIngress"]
        self.assertEqual([(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in inside], [("udp", 51820, 51820)])
        self.assertNotIn("KeyName", json.dumps(self.resources["LaunchTemplate"]))

    def test_metadata_is_version_2_and_the_disk_encrypted(self):
        data = self.resources["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
        self.assertEqual(data["MetadataOptions"]["HttpTokens"], "required")
        self.assertTrue(data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"])

    def test_the_group_is_one_and_never_two(self):
        group = self.resources["Group"]
        self.assertEqual((group["Properties"]["MinSize"], group["Properties"]["MaxSize"]), ("1", "1"))
        self.assertEqual(group["UpdatePolicy"]["AutoScalingRollingUpdate"]["MinInstancesInService"], 0)

    def test_routes_lead_to_the_interface_that_stays(self):
        for name in ["RouteToServiceLayer", "RouteToInternet"]:
            self.assertEqual(self.resources[name]["Properties"]["NetworkInterfaceId"], {"Ref": "InsideInterface"})
        self.assertFalse(self.resources["InsideInterface"]["Properties"]["SourceDestCheck"])

    def test_the_rules_drop_what_they_do_not_name(self):
        for nat in ["yes", "no"]:
            script = self.user_data(AlsoNat=nat)
            self.assertEqual(script.count("policy drop;"), 2)
            accepted = [line.strip() for line in script.split("chain forward")[1].splitlines() if line.strip().endswith("accept")]
            self.assertEqual(len(accepted), 3 if nat == "yes" else 2, accepted)
            self.assertIn('oifname "b1coupa" ip daddr 10.99.0.2 tcp dport 50000 accept', accepted[1])

    def test_the_key_is_in_no_file_and_no_template(self):
        script = self.user_data()
        self.assertNotIn("PrivateKey", script)
        self.assertIn("private-key <(aws secretsmanager get-secret-value", script)


class Vpn(unittest.TestCase):
    def test_both_tunnels_are_ikev2_and_come_back_by_themselves(self):
        connection = VPN["Resources"]["Connection"]["Properties"]
        self.assertEqual(connection["PreSharedKeyStorage"], "SecretsManager")
        tunnels = connection["VpnTunnelOptionsSpecifications"]
        self.assertEqual(len(tunnels), 2)
        for tunnel in tunnels:
            self.assertEqual(tunnel["IKEVersions"], [{"Value": "ikev2"}])
            self.assertEqual((tunnel["DPDTimeoutAction"], tunnel["StartupAction"]), ("restart", "start"))


class Watch(unittest.TestCase):
    def test_a_line_that_is_down_is_one_alarm(self):
        resources = yaml_parse((INFRA / "watch.yaml").read_text())["Resources"]
        polls = sorted(name for name in resources if name.startswith("NoPollOf"))
        self.assertEqual(len(polls), 5)
        for name in polls:
            self.assertNotIn("AlarmActions", resources[name]["Properties"])
        rule = resources["NoPoll"]["Properties"]["AlarmRule"]["Fn::Sub"]
        self.assertEqual(sorted(re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule)), polls)
        self.assertIn("AlarmActions", resources["NoPoll"]["Properties"])


class Nesting(unittest.TestCase):
    def test_each_nested_template_gets_what_it_needs_and_nothing_unknown(self):
        for name, template in [("Network", NETWORK), ("Relay", RELAY), ("Vpn", VPN)]:
            given = set(HYBRID["Resources"][name]["Properties"]["Parameters"])
            known = template["Parameters"]
            self.assertEqual(given - set(known), set(), name)
            self.assertEqual({key for key, one in known.items() if "Default" not in one} - given, set(), name)

    def test_what_is_taken_from_a_nested_stack_is_given_by_it(self):
        text = json.dumps(HYBRID)
        for name, template in [("Network", NETWORK), ("Relay", RELAY), ("Vpn", VPN)]:
            for output in set(re.findall(rf'"{name}", "Outputs\.(\w+)"', text)):
                self.assertIn(output, template["Outputs"], name)


if __name__ == "__main__":
    unittest.main()
