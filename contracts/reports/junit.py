"""The report as JUnit XML for CI systems: one test case for each requirement."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from contracts.reports import failure_text
from contracts.reports.failure_view import FailureView
from contracts.reports.text import visible
from contracts.reports.view import ReportView, Row

_AT_MOST = 20_000  # characters of one text: enough for a person, not enough to choke a CI system


def text(view: ReportView) -> str:
    """The report as an XML document in ASCII."""
    suites = Element("testsuites", name="bifrost-contracts")
    cases = [_case(row) for row in view.rows]
    suite = SubElement(suites, "testsuite", _attributes(view, cases))
    suite.append(_properties(view.facts))
    suite.extend(cases)
    ElementTree.indent(suites)
    document: bytes = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _attributes(view: ReportView, cases: list[Element]) -> dict[str, str]:
    return {
        "name": "bifrost-contracts",
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{view.result.seconds:.3f}",
    }


def _case(row: Row) -> Element:
    requirement = row.requirement
    case = Element("testcase", classname=f"contract.{requirement.area}", name=requirement.id, time="0")
    case.append(_properties({"id": requirement.id, **row.facts}))
    if row.failure is not None:
        _add_failure(case, row.failure)
    elif row.word != "pass":
        SubElement(case, "skipped", message=_legal(f"{row.word}: {row.why}"))
    return case


def _add_failure(case: Element, failure: FailureView) -> None:
    text = "\n".join(_legal(str(line)) for line in failure_text.lines(failure))
    if failure.word == "warning":
        # JUnit has no word for a warning: the case passes, and its output tells.
        SubElement(case, "system-out").text = f"warning\n{text}"
        return
    SubElement(case, "failure", message=_legal(failure.headline), type="contract").text = text


def _properties(facts: Mapping[str, str | int]) -> Element:
    properties = Element("properties")
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=_legal(str(value)))
    return properties


def _legal(value: str) -> str:
    """The text without what XML 1.0 forbids: most control characters, and surrogates."""
    return visible(value, at_most=_AT_MOST)
