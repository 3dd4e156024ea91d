# Sekisho's image: compiled JavaScript and its runtime dependencies on a base without shell or package manager.
# `make image` builds it. A release passes both bases with their digests.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG NODE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No script of a dependency is needed, so none is run; the compiler of TypeScript 7 comes as an optional package.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

# Apart from the above: a change of the source leaves this layer, the largest but Node.js, as it was.
FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Sekisho" \
      org.opencontainers.image.description="Kubernetes admission webhook that judges pods and says what to change" \
      org.opencontainers.image.licenses="Apache-2.0"
# Owned by root: what runs as 65532 cannot change its own program.
COPY LICENSE package.json /app/
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
USER 65532:65532
ENV NODE_ENV=production
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
