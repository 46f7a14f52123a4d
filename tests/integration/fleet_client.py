"""hlb's client of etcd, driven by a test: fleet_client.cpp has what it can do."""

import json
import subprocess
import threading

from waiting import until
from world import BUILD, environment


class FleetClient:
    """Ended by close(). `files`: ca, certificate and key."""

    def __init__(self, stage, files=()):
        self.process = subprocess.Popen(
            [BUILD / "tests/fleet_client", *files], env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.number = 0
        self.said = {}  # by the id of the command
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        stage.add(self)

    def read(self):
        for line in self.process.stdout:
            what = json.loads(line)
            self.said.setdefault(what["id"], []).append(what)

    def close(self):
        self.process.kill()
        self.reader.join()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def tell(self, do, **words):
        """Begins it, and returns its number."""
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "do": do, **words}) + "\n")
        self.process.stdin.flush()
        return self.number

    def heard(self, number, count=1, timeout=10.0):
        """The first `count` answers to this command."""

        def answered():
            assert self.process.poll() is None, f"fleet_client ended with {self.process.returncode}"
            return len(self.said.get(number, ())) >= count

        until(answered, f"{count} answers to {number}: {self.said.get(number)}", timeout)
        return self.said[number][:count]

    def ask(self, do, timeout=15.0, **words):
        return self.heard(self.tell(do, **words), timeout=timeout)[0]

    def connect(self, endpoint):
        """The number of an engine."""
        number = self.tell("connect", endpoint=endpoint)
        [answer] = self.heard(number)
        assert "fault" not in answer, answer
        return number

    def refusal(self, endpoint):
        """The fault of a connection that isn't made, and what is said of it."""
        answer = self.ask("connect", endpoint=endpoint)
        return answer.get("fault"), answer.get("message", "")

    def watch(self, engine, start=0, prefix="/hlb/"):
        """The number of a watch that is in place."""
        number = self.tell("watch", engine=engine, prefix=prefix, **{"from": start})
        self.heard(number)
        return number

    def fault(self, number, timeout=10.0):
        """The fault by which a watch ended."""
        return until(lambda: next((each for each in self.said.get(number, ()) if "fault" in each), None),
                     f"watch {number} ends", timeout)  # fmt: skip

    def changes(self, number):
        """All changes that came on a watch so far."""
        return [change for news in self.said.get(number, ()) for change in news.get("changes", ())]
