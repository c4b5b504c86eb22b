# `make demo` and `make test` are all that a fresh machine with Python needs.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
# Where torch comes from, if not from pip's own index. Its CPU build is a tenth of the size:
# make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
DEMO ?= demo
# Sprites to measure with, and where to put the figures: make bench DATA=sprites/ JSON=bench.json
DATA ?=
PAGE ?= build/bench.md
JSON ?=
# Some mutants alone, by words of their title or file: make mutants ONLY=quantizer
ONLY ?=
# How long to fuzz, and with which damages: make fuzz MINUTES=20 SEED=1
MINUTES ?= 5
SEED ?= 0

BIN := $(VENV)/bin
PXGEN := $(abspath $(BIN)/pxgen)
INSTALLED := $(VENV)/.installed
BUILTIN := pxgen/builtin
STARTERS := starter starter-clips starter-figures
CLEAN := build/clean
RECIPES := $(notdir $(basename $(wildcard pxgen/config/recipes/*.toml)))
STUDIES := $(wildcard docs/studies/*.toml)
STUDY := build/study
GIFS := alien ape cat ghost human imp robot skeleton slime zombie

.DEFAULT_GOAL := help
.PHONY: help demo test check readers dist package mutants fuzz bench starter pictures guide-pictures gifs docs site study \
	contest clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet '$(TORCH)' $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

demo: $(INSTALLED) ## built-in sprites, a small model in a few minutes, new sprites
	mkdir -p $(DEMO)
	cp pxgen/builtin/demo.toml $(DEMO)/pxgen.toml
	cd $(DEMO) && $(PXGEN) prepare --force
	cd $(DEMO) && $(PXGEN) train --fresh
	cd $(DEMO) && $(PXGEN) sample -n 64 --scale 4 -o sheet.png
	cd $(DEMO) && $(PXGEN) sample -n 16 --force -o sprites/
	@echo "sheet: $(DEMO)/sheet.png   single sprites: $(DEMO)/sprites/"

test: $(INSTALLED) ## the whole test suite, a process a core
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

check: $(INSTALLED) ## format, lint, types, import layers, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

readers: ## libraries that tests read sheets with, where npm is: tests of them are skipped without
	npm install --prefix tests/node --ignore-scripts --no-audit --no-fund --no-package-lock

dist: $(INSTALLED) ## wheel and sdist, checked
	rm -rf $@
	$(BIN)/python -m build --no-isolation --outdir $@
	$(BIN)/twine check --strict $@/*
	$(BIN)/python .ci/check_dist.py $@

package: dist ## the wheel, used in an environment of its own without development extras
	$(PYTHON) -m venv --clear $(CLEAN)
	$(CLEAN)/bin/python -m pip install --quiet '$(TORCH)' $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(CLEAN)/bin/python -m pip install --quiet dist/*.whl
	$(CLEAN)/bin/python .ci/try_wheel.py

mutants: $(INSTALLED) ## apply wrong lines one at a time and list those that no test notices (ONLY=words)
	$(BIN)/python -m tests.mutants $(ONLY)

fuzz: $(INSTALLED) ## damage files of every kind at random and see what reads them (MINUTES=5, SEED=0)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED) --keep build/crashes

bench: $(INSTALLED) ## speed and memory in one table and a page (DATA=folder, PAGE=file, JSON=file)
	$(BIN)/python -m tests.bench $(if $(DATA),--data '$(DATA)') --page '$(PAGE)' \
		$(if $(JSON),--json '$(JSON)')

starter: $(STARTERS:%=train-%) ## train the models in the package anew, from the built-in characters (nine hours)

train-%: $(INSTALLED)
	$(PXGEN) --project $(BUILTIN)/$*.toml prepare -o build/$*/dataset --force
	$(PXGEN) --project $(BUILTIN)/$*.toml train --dataset build/$*/dataset -o build/$*/run
	$(BIN)/python -m pxgen.checkpoint.slim build/$*/run $(BUILTIN)/$*.safetensors
	cp build/$*/run/metrics.jsonl $(BUILTIN)/$*.jsonl

pictures: guide-pictures $(INSTALLED) ## the pictures of the documents, made by the commands they show (and Chromium)
	$(PXGEN) prepare --builtin -n 60 --seed 21 -o build/pictures --force
	cp build/pictures/sheet.png docs/pictures/builtin.png
	$(PXGEN) sample -n 60 --scale 4 -o docs/pictures/starter.png
	$(PXGEN) sample --label alien -n 12 --scale 4 -o docs/pictures/alien.png
	$(PXGEN) sample --label robot --label hat-wizard -n 12 --scale 4 -o docs/pictures/robot-wizard.png
	$(PXGEN) interpolate --from 3 --to 8 --label ghost --to-label hat-crown --frames 10 --scale 4 \
		-o docs/pictures/interpolate.png
	$(PXGEN) sample -n 12 --palette game-boy --scale 4 -o docs/pictures/game-boy.png
	$(PXGEN) sample --label alien --seed 5 --force -o build/pictures/
	$(PXGEN) sample --init build/pictures/alien-5-0000.png --strength 0.9 --strength 0.95 \
		--strength 0.98 -n 12 --scale 4 -o docs/pictures/variations.png
	$(BIN)/python -c "from PIL import Image; m = Image.new('L', (24, 24)); \
		m.paste(255, (0, 0, 24, 11)); m.save('build/pictures/mask.png')"
	$(PXGEN) sample --init build/pictures/alien-5-0000.png --mask build/pictures/mask.png \
		-n 12 --scale 4 -o docs/pictures/mask.png
	$(BIN)/python -c "import numpy; from PIL import Image; p = 'build/pictures/'; \
		a = numpy.array(Image.open(p + 'alien-5-0000.png').convert('RGBA'))[..., [1, 2, 0, 3]]; \
		Image.fromarray(a).save(p + 'turned.png')"
	$(PXGEN) sample --init build/pictures/turned.png --mask build/pictures/mask.png \
		--palette given -n 12 --scale 4 -o docs/pictures/guide-own-colours.png
	$(PXGEN) animate -n 6 --scale 4 --sheet rows -o docs/pictures/clips.png
	$(PXGEN) prepare --builtin figures -n 9 --seed 21 -o build/pictures/figures --force
	$(BIN)/python -c "import pxgen; from PIL import Image; d = pxgen.open_dataset('build/pictures/figures'); \
		Image.fromarray(d.palette.colors(d.pixels[4, 0])).save('build/pictures/hero.png')"
	$(PXGEN) animate --given down=build/pictures/hero.png --sheet rows --scale 4 \
		-o docs/pictures/sheet.png
	$(PXGEN) sample --label alien -n 60 -o build/pictures/choose.html
	$(BIN)/python -m tests.support.browser build/pictures/choose.html docs/pictures/choose.png light \
		"[1, 3, 9, 12].forEach((k) => toggle(k, KEPT)); [4, 6].forEach((k) => toggle(k, DROPPED)); go(9)"
	$(PXGEN) evaluate -n 60 -o build/pictures/report.html
	$(BIN)/python -m tests.support.browser build/pictures/report.html docs/pictures/report.png dark
	$(PXGEN) prepare --builtin -n 4000 --force -o build/pictures/cast
	$(PXGEN) inspect build/pictures/cast --labels -o docs/pictures/labels.png
	$(PXGEN) explain convolution --scale 2 -o docs/pictures/how-convolution.png
	$(PXGEN) explain simplex --scale 2 -o docs/pictures/how-simplex.png
	$(PXGEN) explain gumbel -o docs/pictures/how-gumbel.png
	$(PXGEN) sample --label robot --label hat-wizard --sampler remask --trace --steps 12 --scale 3 \
		--sheet rows -o docs/pictures/how-masked.png

guide-pictures: $(INSTALLED) ## those of the guides, one of which takes a training of five CPU-minutes
	$(BIN)/python docs/banner.py docs/pictures/banner.gif
	rm -rf build/guides && mkdir -p build/guides
	cd build/guides && for kind in alien ghost robot slime; do \
		$(PXGEN) sample -m starter --label $$kind -n 5 -o sprites/$$kind/ || exit 1; \
	done
	cd build/guides && $(PXGEN) prepare sprites/ && $(PXGEN) train --steps 1200
	cp build/guides/dataset/sheet.png docs/pictures/guide-twenty.png
	cd build/guides && $(PXGEN) sample -n 24 --scale 4 -o ../../docs/pictures/guide-twenty-new.png
	$(PXGEN) animate -m starter-figures --label elf --seed 3 --sheet rows -o build/guides/elf.png
	$(PXGEN) export build/guides/elf.png --cell 16x24 --views down,left,right,up --take down/0 \
		-o build/guides/hero.png
	$(PXGEN) animate --given down/0=build/guides/hero.png --label elf --scale 4 --sheet rows \
		-o docs/pictures/guide-one-picture.png
	$(BIN)/python -c "import numpy; from PIL import Image; p = 'build/guides/'; \
		a = numpy.array(Image.open(p + 'hero.png').convert('RGBA'))[..., [1, 2, 0, 3]]; \
		Image.fromarray(a).save(p + 'turned.png')"
	$(PXGEN) animate --given down/0=build/guides/turned.png --label elf --palette given --scale 4 \
		--sheet rows -o docs/pictures/guide-recoloured.png
	$(PXGEN) export build/guides/elf.png --cell 16x24 --views down,left,right,up --take 'down/*' \
		-o build/guides/down.gif
	$(PXGEN) animate --given down=build/guides/down.gif --label elf --scale 4 --sheet rows \
		-o docs/pictures/guide-one-view.png
	$(PXGEN) animate --label ghost --scale 4 -o docs/pictures/guide-ghost.gif
	$(PXGEN) animate -m starter --label slime --frames 16 --scale 4 -o docs/pictures/guide-slimes.gif
	$(PXGEN) sample -m starter --label robot --scale 4 -o docs/pictures/guide-forming.gif

gifs: $(GIFS:%=build/gifs/%.gif) ## a GIF a label, made once: make -j2 gifs

build/gifs/%.gif: $(BUILTIN)/starter-clips.safetensors | $(INSTALLED)
	$(PXGEN) -q animate -m starter-clips --label $* --scale 4 --workers 1 -o $@

docs: $(INSTALLED) ## the reference of commands, the list of errors, the schema of models, from the code itself
	$(BIN)/python -m pxgen.cli.reference > docs/commands.md
	$(BIN)/python docs/list_errors.py
	$(BIN)/python -m pxgen.models.keys

site: $(INSTALLED) ## the documentation as pages in build/site, strictly, which load nothing from elsewhere
	$(BIN)/python -m sphinx -q -W --keep-going -n -j auto -d build/site-cache docs build/site
	$(BIN)/python .ci/check_site.py build/site

contest: $(INSTALLED) ## the diffusions on five collections at 5, 20 and 60 CPU-minutes (DATA=folder; a day)
	$(BIN)/python docs/studies/contest.py $(DATA) -o build/contest

study: $(INSTALLED) ## the figures of docs/recipes.md: every recipe, two minutes each (an hour)
	$(PXGEN) prepare --builtin -n 10000 --force -o $(STUDY)/cast
	$(PXGEN) compare $(RECIPES) --dataset $(STUDY)/cast --minutes 2 -o $(STUDY)/recipes
	$(PXGEN) compare $(STUDIES) --dataset $(STUDY)/cast --minutes 2 -o $(STUDY)/studies
	for run in $(RECIPES:%=recipes/%) $(basename $(STUDIES:docs/%=%)); do \
		$(PXGEN) evaluate -m $(STUDY)/$$run --dataset $(STUDY)/cast -n 500 -o $(STUDY)/$$run.json || exit 1; \
	done
	$(BIN)/python docs/studies/as_in_pallets.py --dataset $(STUDY)/cast --minutes 2 -o $(STUDY)/pallets
	cp $(STUDY)/recipes/compare.png docs/pictures/recipes.png

clean: ## remove what the other targets made, the environment too
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
