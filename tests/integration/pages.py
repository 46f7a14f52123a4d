"""What hlbd serves over HTTP beside the metrics, as curl gets it and Python's html.parser reads it."""

import json
from html.parser import HTMLParser

from scraping import AT
from world import run

VOID = {"meta", "link", "wbr", "br", "path"}


class Element:
    def __init__(self, name, attributes, parent):
        self.name = name
        self.attributes = attributes
        self.parent = parent
        self.children = []  # elements and texts

    def __getitem__(self, attribute):
        return self.attributes.get(attribute)

    def all(self, name=None, **attributes):
        """The elements within, in order, that are called so and have these attributes; True: any."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            has = all(
                key in child.attributes and (value is True or child[key] == value)
                for key, value in ((key.replace("_", "-"), value) for key, value in attributes.items())
            )
            if has and name in (None, child.name):
                found.append(child)
            found += child.all(name, **attributes)
        return found

    def one(self, name=None, **attributes):
        (found,) = self.all(name, **attributes)
        return found

    def text(self):
        return "".join(each if isinstance(each, str) else each.text() for each in self.children)


class Page(HTMLParser):
    """An HTML page, in which each element is ended where it must be."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root, f"<{self.here.name}> isn't ended"

    def handle_starttag(self, name, attributes):
        assert len(dict(attributes)) == len(attributes), f"<{name}> has an attribute twice"
        element = Element(name, dict(attributes), self.here)
        self.here.children.append(element)
        if name not in VOID:
            self.here = element

    def handle_startendtag(self, name, attributes):
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self.handle_endtag(name)

    def handle_endtag(self, name):
        assert self.here.name == name, f"</{name}> within <{self.here.name}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.children.append(data)

    # ---- what stands where ----

    def service(self, name):
        return self.root.one("tbody", data_service=name)

    def backend(self, service, address):
        """The texts of its cells, and its row."""
        row = self.service(service).one("tr", data_backend=address)
        return [cell.text() for cell in row.children], row

    def counts(self, of):
        """{"services": 2, "down": 1, …}"""
        words = [each.text().split() for each in self.root.one("p", id=f"sum-{of}").all("b")]
        return {word: int(number) for number, word in words}

    def title(self):
        return self.root.one("title").text()


def get(path, *options, at=AT):
    return run("curl", "-sSg", "--max-time", "20", *options, f"http://{at}{path}").stdout


def headers(path, *options, at=AT):
    """The status, and the headers by their names in lower case."""
    first, *lines = get(path, "-o", "/dev/null", "-D", "-", *options, at=at).strip().splitlines()
    return int(first.split()[1]), {
        name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)
    }


def page(query="", at=AT):
    return Page(get("/" + query, at=at))


def status(at=AT):
    return json.loads(get("/status.json", at=at))
