"""Talks to the daemon with the varlink package from PyPI, which knows nothing of us: introspection,
Status, Watch with more, Submit, and an error.

    varlink-client.py SOCKET DOCUMENT SIGNATURE

DOCUMENT is a file, SIGNATURE a file with the base64 of the binary signature. Prints one JSON object.
"""

import json
import sys

import varlink

INTERFACE = "org.ceremonyd.Ceremony"


def main(socket, document, signature):
    client = varlink.Client.new_with_address("unix:" + socket)
    said = {"interfaces": client.get_interfaces()}
    said["info"] = client.info
    interface = client.get_interface(INTERFACE)
    said["methods"] = sorted(
        name for name, member in interface.members.items() if type(member).__name__ == "_Method"
    )
    with client.open(INTERFACE) as connection:
        said["before"] = connection.Status()["head"]["size"]
        with open(document, encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
        with open(signature, encoding="ascii") as file:
            outcome = connection.Submit(document=lines, signature=file.read().strip())["outcome"]
        said["outcome"] = {name: outcome[name] for name in ("seq", "state", "events")}
        try:
            connection.Show(ceremony="nobody-1")
        except varlink.VarlinkError as error:
            said["error"] = error.as_dict()
    # A watch takes its connection for itself.
    with client.open(INTERFACE) as connection:
        said["watched"] = []
        for event in connection.Watch(_more=True, **{"from": 0}):
            said["watched"].append(event["type"])
            if event["seq"] == outcome["seq"]:
                break
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
