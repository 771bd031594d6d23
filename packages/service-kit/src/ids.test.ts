import { describe, expect, test } from "@jest/globals";
import { createUuidV7, uuidV5 } from "./ids.ts";

describe("UUIDv7", () => {
  test("lays out time, counter and random bits as RFC 9562 says", () => {
    // Appendix A.6 has 017F22E2-79B0-7CC3-98C4-DC0C0C07398F; our counter starts in its lower half.
    const bits = Buffer.from("000000000000000018c4dc0c0c07398f", "hex");
    const ids = createUuidV7({ now: () => 0x017f22e279b0 }, (size) =>
      size === 2 ? Buffer.from([0x04, 0xc3]) : Buffer.from(bits),
    );
    expect(ids.next()).toMatch(/^017f22e2-79b0-74c3-98c4-dc0c0c07398f$/);
  });

  test("ascends while the clock stands still, runs over or steps back", () => {
    let nowMs = 1_000;
    const ids = createUuidV7({ now: () => nowMs });
    const made = Array.from({ length: 10_000 }, () => ids.next());
    nowMs = 500;
    made.push(ids.next());
    nowMs = 2_000;
    made.push(ids.next());
    expect(made).toEqual(made.toSorted());
    expect(new Set(made).size).toBe(made.length);
  });

  test("has the version and variant that it says", () => {
    const id = createUuidV7({ now: () => Date.UTC(2026, 0, 1) }).next();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

test("UUIDv5 is that of RFC 9562's example", () => {
  // Appendix A.4: the DNS namespace and www.example.com.
  const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  expect(uuidV5(dns, "www.example.com")).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
});
