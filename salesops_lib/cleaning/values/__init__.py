"""SQL that turns text into typed values: spelling, amounts, days, codes, and what follows from them.

Every expression takes DuckDB's own cast first; the tolerant path is asked only about what that refuses,
and answers with a value and the rule that read it, or with the reason why there is none.
"""
