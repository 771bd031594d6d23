import { type Context, type TextMapGetter, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { redactText } from "./redact.ts";

/**
 * W3C Trace Context, without a tracestate in which a client has written a card number or an e-mail
 * address: it would travel into outboxes and topics. Baggage is not carried at all.
 */
export class TraceContext extends W3CTraceContextPropagator {
  override extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const extracted = super.extract(context, carrier, getter);
    const span = trace.getSpanContext(extracted);
    const state = span?.traceState?.serialize();
    if (span === undefined || state === undefined || redactText(state) === state) return extracted;
    const { traceState: _, ...clean } = span;
    return trace.setSpanContext(extracted, clean);
  }
}
