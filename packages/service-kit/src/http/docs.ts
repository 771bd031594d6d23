import { createRequire } from "node:module";
import { dirname } from "node:path";
import express, { type Router } from "express";
import type { OpenApiDocument } from "./openapi.ts";

const assets = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

// Everything the page runs comes from files of its own origin, so the strict content security policy
// stays as it is.
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const startScript =
  'SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true });\n';

/** /openapi.json, and a page that shows it at /docs. */
export function docsRouter(document: OpenApiDocument): Router {
  const router = express.Router({ strict: true });
  router.get("/openapi.json", (_request, response) => {
    response.json(document);
  });
  router.get("/docs", (_request, response) => {
    response.type("html").send(page);
  });
  router.get("/docs/start.js", (_request, response) => {
    response.type("js").send(startScript);
  });
  router.use("/docs/assets", express.static(assets, { index: false, redirect: false }));
  return router;
}
