"""The report as JUnit XML for CI systems: one test case for each requirement."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from contracts.model import Outcome, Result, Verdict
from contracts.reports import failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible

_AT_MOST = 20_000  # characters of one text: enough for a person, not enough to choke a CI system


def text(result: Result, terms: ReportOptions) -> str:
    """The report as an XML document in ASCII."""
    suites = Element("testsuites", name="bifrost-contracts")
    cases = [_case(verdict, result, terms) for verdict in result.verdicts]
    suite = SubElement(suites, "testsuite", _attributes(result, cases))
    suite.append(_properties(_run_facts(result, terms)))
    suite.extend(cases)
    ElementTree.indent(suites)
    document: bytes = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return terms.redact(document.decode("ascii") + "\n")


def _attributes(result: Result, cases: list[Element]) -> dict[str, str]:
    return {
        "name": "bifrost-contracts",
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{result.seconds:.3f}",
    }


def _run_facts(result: Result, terms: ReportOptions) -> dict[str, str]:
    conclusion = summary.conclude(result, terms)
    return {
        "deployment": result.deployment,
        "seed": str(result.seed),
        "verdict": conclusion.word,
        "exit_status": str(conclusion.status),
        "reason": conclusion.reason,
    }


def _case(verdict: Verdict, result: Result, terms: ReportOptions) -> Element:
    requirement = verdict.requirement
    case = Element("testcase", classname=f"contract.{requirement.area}", name=requirement.id, time="0")
    facts = {
        "id": requirement.id,
        "level": requirement.level.value,
        "outcome": verdict.outcome.value,
        "evidence": requirement.evidence.value,
    }
    case.append(_properties(facts))
    if verdict.outcome is Outcome.FAIL:
        _add_failure(case, verdict, result, terms)
    elif verdict.outcome is not Outcome.PASS:
        SubElement(case, "skipped", message=_legal(f"{verdict.outcome}: {summary.why(verdict)}"))
    return case


def _add_failure(case: Element, verdict: Verdict, result: Result, terms: ReportOptions) -> None:
    lines = [f"{label}: {line}" if label else line for label, line in failure.explain(verdict, result, terms)]
    text = "\n".join(_legal(line) for line in lines)
    if summary.is_warning(verdict, terms):
        # JUnit has no word for a warning: the case passes, and its output tells.
        SubElement(case, "system-out").text = f"warning\n{text}"
        return
    element = SubElement(case, "failure", message=_legal(failure.headline(verdict)), type="contract")
    element.text = text


def _properties(facts: dict[str, str]) -> Element:
    properties = Element("properties")
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=_legal(value))
    return properties


def _legal(value: str) -> str:
    """The text without what XML 1.0 forbids (most control characters, surrogates) or a terminal obeys."""
    return visible(value, at_most=_AT_MOST)
