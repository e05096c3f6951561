# Short names for commands; README gives the same without make.
PYTHON ?= python3
RUN = $(PYTHON) bootstrap.py
DEV = $(RUN) --dev

.PHONY: setup demo lab test check lock
setup:
	@$(RUN)
demo:
	@$(RUN) salesops demo
lab:
	@$(RUN) salesops lab
test:
	@$(DEV) pytest -n 2
check:
	@$(DEV) ruff check .
	@$(DEV) ruff format --check .
	@$(DEV) mypy
	@$(DEV) lint-imports
lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-strip-extras -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras -c requirements.lock -o requirements-dev.lock
	echo 'pyspark>=4' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-strip-extras --custom-compile-command 'make lock' -o requirements-spark.lock
