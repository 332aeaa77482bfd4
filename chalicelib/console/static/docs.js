"use strict";

// The address is relative, since a stage may stand before /api.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reader",
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  syntaxHighlight: { activated: true },
  // Asks nobody elsewhere whether the contract is valid.
  validatorUrl: null,
});
