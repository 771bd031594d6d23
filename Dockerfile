# One image for every process of ours; docker-compose.yml says which one a container runs.

# The manifests alone: as long as they stay the same, so does the layer with the dependencies.
FROM node:24-slim AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete \
 && find . -type d -empty -delete

FROM node:24-slim AS dependencies
WORKDIR /app
COPY --from=manifests /app .
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim AS suite
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app .
COPY . .
# Named volumes take over the owner of the folder that they are mounted on.
RUN mkdir /data && chown node:node /data
USER node
