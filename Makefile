# What one does with a clone. Needs make and Python 3.11 or newer, nothing else; `make` alone lists the targets.

# Paths stay relative, so that a clone may lie in a folder with spaces in its name.
VENV := .venv
BIN := $(VENV)/bin

# Installed once for what these files say and for the place the clone is in.
KEY := $(shell { cat requirements.txt requirements-dev.txt requirements-bare.txt pyproject.toml; pwd; } | cksum | cut -d' ' -f1)
READY := $(VENV)/ready-$(KEY)

# checkov and what looks for secrets and known holes bring a hundred packages, in other versions than ours.
CHECKS := .venv-checks
CHECKS_KEY := $(shell { cat requirements-checks.txt; pwd; } | cksum | cut -d' ' -f1)
CHECKS_READY := $(CHECKS)/ready-$(CHECKS_KEY)
TEMPLATES := build/templates

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help install run test proof check guard secrets bench package clean

help: ## list the targets
	@echo "opsdb: make TARGET [NAME=value ...]"
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r target words; do printf '  %-9s %s\n' "$$target" "$$words"; done

install: $(READY) ## make .venv and install what everything needs (the others do this themselves)

run: $(READY) ## the floor on this machine until Ctrl-C: PORT=8123 DATA=/folder DEMO=0
	@case "$$DEMO" in 0|no|false|off) set -- --no-demo;; *) set -- --demo;; esac; \
	exec $(BIN)/opsdb up "$$@" $${PORT:+--port "$$PORT"} $${DATA:+--data "$$DATA"}

test: $(READY) ## the tests, on real servers: ARGS="tests/people -k shift"
	@echo "Running the tests ..."
	@$(BIN)/python -m pytest -n 3 $(ARGS)

proof: $(READY) ## the tests that take long, with what they counted (docs/proof.md): ARGS="tests/contract"
	@echo "Proving; this takes some minutes ..."
	@$(BIN)/python -m pytest -m proof $(ARGS)

check: $(READY) ## ruff, mypy, bandit, secrets, known holes; cfn-lint and checkov over the templates; changing nothing
	@echo "Looking for mistakes ..."
	@$(BIN)/python -m ruff check --quiet --output-format concise .
	@$(BIN)/python -m ruff format --quiet --check --diff .
	@$(BIN)/python -m mypy
	@for stage in dev staging prod; do \
	    $(BIN)/python -m opsdb_deploy.generate --stage $$stage --into $(TEMPLATES)/$$stage >/dev/null || exit 1; \
	done
	@$(BIN)/cfn-lint --regions eu-central-1 us-east-1 -- infra-cfn/network.yaml infra-cfn/data.yaml $(TEMPLATES)/*/*.json
	@$(MAKE) --silent --no-print-directory $(CHECKS_READY)
	@if [ -e $(CHECKS_READY) ]; then \
	    $(CHECKS)/bin/python -m checkov.main --skip-download --framework cloudformation --compact --quiet \
	        --file infra-cfn/network.yaml infra-cfn/data.yaml $(TEMPLATES)/*/*.json \
	    && $(MAKE) --silent --no-print-directory guard; \
	fi

# Part of `check`. No secret is ever looked up with whoever might have given it out (-n). The advisory service is somebody
# else's: where it does not answer, also on CI, that is said, and nothing is held up.
guard:
	@$(CHECKS)/bin/bandit -q -c pyproject.toml -r chalicelib local infra-cfn app.py 2>$(CHECKS)/bandit.log \
	    || { grep -v WARNING $(CHECKS)/bandit.log >&2; exit 1; }
	@if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then \
	    git ls-files -z | xargs -0 $(CHECKS)/bin/detect-secrets-hook -n --baseline .secrets.baseline \
	    || { echo "If it only looks like one, and is nobody's: make secrets, and see what changed." >&2; exit 1; }; \
	else \
	    echo "This is no git work tree: nobody looked for secrets this time." >&2; \
	fi
	@if $(CHECKS)/bin/pip-audit -r requirements.txt --no-deps --disable-pip --vulnerability-service osv --timeout 10 \
	        --progress-spinner off >$(CHECKS)/audit.log 2>&1; then :; \
	elif grep -Eq 'requests\.exceptions\.(Connection|Connect|Read|Proxy|SSL|Timeout)' $(CHECKS)/audit.log; then \
	    echo "The advisory service cannot be reached: nobody asked for known holes in requirements.txt this time." >&2; \
	else \
	    tail -40 $(CHECKS)/audit.log >&2; exit 1; \
	fi

# What is there now are no secrets; by shape and by chance of letters, as ruff looks at the names beside them. Fingerprints of
# files are chance, too.
secrets: $(CHECKS_READY)
	@git ls-files -z | xargs -0 $(CHECKS)/bin/detect-secrets scan -n --slim \
	    --disable-plugin KeywordDetector --disable-plugin HexHighEntropyString \
	    --exclude-files '^local/vendor/web\.json$$|/static/swagger-ui.*|^tests/contract/released\.json$$|^\.secrets\.baseline$$' \
	    >$(CHECKS)/baseline && mv $(CHECKS)/baseline .secrets.baseline

bench: $(READY) ## measure imports, lists and backups against floor and usual way: ARGS=...
	@echo "Measuring; this takes some minutes ..."
	@$(BIN)/python -m bench $(ARGS)

package: $(READY) ## the zip that Lambda gets, in build/: ARGS="--architecture arm64"
	@$(BIN)/opsdb package $(ARGS)

clean: ## remove build/ and the floor's data (DATA=/folder, else .local)
	@data=$${DATA:-.local}; \
	if [ ! -e "$$data" ]; then :; \
	elif [ -x $(BIN)/python ]; then $(BIN)/python -m local.clean "$$data"; \
	elif [ -e "$$data/lock" ]; then rm -rf "$$data"; \
	else echo "$$data is not a data folder of opsdb: remove it yourself if you mean it" >&2; exit 1; \
	fi && rm -rf build && echo "Removed build and $$data."

# The stamp comes last: whatever was interrupted is done again. Scripts in .venv name their folder, so a clone that was
# moved makes a new one. pip's own words are shown only when it fails.
$(READY):
	@set -e; \
	if [ -e $(VENV)/place ] && [ "$$(cat $(VENV)/place)" != "$$(pwd)" ]; then rm -rf $(VENV); fi; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    new= ; incomplete= ; \
	    if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi; \
	    for one in "$$@"; do \
	        "$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	        if "$$one" -c 'import venv, ensurepip' >/dev/null 2>&1; then new=$$one; break; fi; \
	        incomplete=$${incomplete:-$$one}; \
	    done; \
	    if [ -z "$$new" ] && [ -n "$$incomplete" ]; then \
	        echo "$$incomplete lacks the venv module: install it (Debian: apt install $$("$$incomplete" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')), or name another one with PYTHON=..." >&2; exit 1; \
	    elif [ -z "$$new" ]; then \
	        echo "opsdb needs Python 3.11 or newer, and $${PYTHON:-none of python3.13, python3.12, python3.11 and python3} is that: install one, or name it with PYTHON=..." >&2; exit 1; \
	    fi; \
	    echo "Making $(VENV) with $$("$$new" --version) ..."; \
	    rm -rf $(VENV); \
	    "$$new" -m venv $(VENV); \
	    pwd >$(VENV)/place; \
	fi; \
	echo "Installing what opsdb needs into $(VENV); a minute, once ..."; \
	rm -f $(VENV)/ready-*; \
	$(BIN)/python -m pip install -r requirements-dev.txt >$(VENV)/install.log 2>&1 \
	&& $(BIN)/python -m pip install --no-deps -r requirements-bare.txt >>$(VENV)/install.log 2>&1 \
	&& $(BIN)/python -m pip install --no-deps --no-build-isolation -e . >>$(VENV)/install.log 2>&1 \
	|| { grep -i error $(VENV)/install.log | tail -3 >&2; echo "Installing failed: see $(VENV)/install.log, then try again." >&2; exit 1; }; \
	touch "$@"

# Where the package index cannot be reached, checking goes on without these, but not on CI (CI=true).
$(CHECKS_READY): $(READY)
	@set -e; \
	if [ -e $(CHECKS)/place ] && [ "$$(cat $(CHECKS)/place)" != "$$(pwd)" ]; then rm -rf $(CHECKS); fi; \
	if [ ! -x $(CHECKS)/bin/python ]; then $(BIN)/python -m venv $(CHECKS); pwd >$(CHECKS)/place; fi; \
	echo "Installing checkov, bandit and pip-audit into $(CHECKS); half a minute, once ..."; \
	rm -f $(CHECKS)/ready-*; \
	if $(CHECKS)/bin/python -m pip install --retries 1 --timeout 10 -r requirements-checks.txt >$(CHECKS)/install.log 2>&1; then \
	    touch "$@"; \
	elif [ "$$CI" != true ] && grep -Eq 'connection broken|Could not fetch URL|\(from versions: none\)' $(CHECKS)/install.log; then \
	    echo "The package index cannot be reached: checkov, bandit and the search for secrets and known holes are left out this time." >&2; \
	else \
	    grep -i error $(CHECKS)/install.log | tail -3 >&2; echo "Installing failed: see $(CHECKS)/install.log, then try again." >&2; exit 1; \
	fi
