# Everything runs on the Node 24 that npm installs here (node_modules/.bin), whatever the machine's own is.
.DEFAULT_GOAL := help
installed := node_modules/.package-lock.json
IMAGE ?= sekisho.dev/sekisho:$(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
# Other bases, pinned ones for instance: make image BUILD_IMAGE=… NODE_IMAGE=…
image_args := $(foreach name,BUILD_IMAGE NODE_IMAGE,$(if $($(name)),--build-arg $(name)=$($(name))))

.PHONY: help demo test check e2e bench build image generate

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

demo: $(installed) ## judge recorded requests of a real API server and show what kubectl would print
	@npm run --silent demo

test: $(installed) ## types, style and all tests that need no cluster
	npm run check
	npm test

check: $(installed) ## types and style only
	npm run check

e2e: $(installed) ## the same program behind a real kube-apiserver (e2e/README.md)
	npm run e2e

bench: $(installed) ## measure; ARGS=--check enforces the floors
	npm run --silent bench -- $(ARGS)

build: $(installed) ## compile to dist/
	npm run build

image: ## build the container image with Docker or buildah; IMAGE=name:tag
	@if docker info >/dev/null 2>&1; then docker build $(image_args) --tag $(IMAGE) .; \
	elif command -v buildah >/dev/null; then buildah build $(image_args) --tag $(IMAGE) .; \
	else echo 'make image needs a running Docker engine, or buildah' >&2; exit 1; fi

generate: $(installed) ## rewrite what follows from the rules and the chart's values (deploy/install.yaml takes helm)
	npm run generate
	npm run --silent install-manifest

# npm touches the lock file in node_modules last, so an interrupted install is repeated.
$(installed): package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund
	@touch $(installed)
