"""Bundles of evidence: made where a deployment was judged, judged again where nobody trusts that.

Only `issue` is called after a live run; nothing in here reaches a network.
"""
