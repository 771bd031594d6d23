import { PermanentError, TransientError } from "./errors.ts";

/** The bytes are not an event of ours. Messages never quote them. */
export class DecodeError extends PermanentError {
  override readonly name = "DecodeError";
}

/** The value does not fit its event's schema: a bug of the sender, nothing was written. */
export class EncodeError extends PermanentError {
  override readonly name = "EncodeError";
}

/** A subject or schema that the registry does not have: was `schemas:register` run? */
export class UnknownSchemaError extends PermanentError {
  override readonly name = "UnknownSchemaError";
}

/** A schema that is not known here yet, and the registry was not asked or does not answer. */
export class SchemaUnavailableError extends TransientError {
  override readonly name = "SchemaUnavailableError";
  readonly schemaId: number;

  constructor(schemaId: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.schemaId = schemaId;
  }
}
