import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

/** Turns card numbers into what may be stored. Both keys are 32 bytes and never leave this service. */
export interface CardVault {
  /**
   * AES-256-GCM with a fresh nonce; `paymentMethodId` is authenticated with it. The result begins with
   * the version of its format.
   */
  seal(number: string, paymentMethodId: string): Buffer;
  /** The inverse of seal. Throws when the bytes, the key or the payment method are not the same. */
  open(sealed: Buffer, paymentMethodId: string): string;
  /**
   * `fp_v1_` and 43 characters of base64url: HMAC-SHA-256 of the number. Equal for equal numbers, and
   * without the key nobody can try numbers against it.
   */
  fingerprint(number: string): string;
}

const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** Makes a vault of its two keys. Throws when one has not 32 bytes. */
export function createCardVault(keys: { vault: Buffer; fingerprint: Buffer }): CardVault {
  if (keys.vault.length !== 32 || keys.fingerprint.length !== 32) {
    throw new RangeError("The card vault needs keys of 32 bytes");
  }
  return {
    seal: (number, paymentMethodId) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", keys.vault, nonce);
      cipher.setAAD(Buffer.from(paymentMethodId));
      const text = Buffer.concat([cipher.update(number, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(formatVersion), nonce, text, cipher.getAuthTag()]);
    },
    open: (sealed, paymentMethodId) => {
      if (sealed[0] !== formatVersion) throw new RangeError("Sealed in a format that is not known");
      const nonce = sealed.subarray(1, 1 + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", keys.vault, nonce);
      decipher.setAAD(Buffer.from(paymentMethodId));
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      const text = sealed.subarray(1 + nonceBytes, -tagBytes);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8");
    },
    fingerprint: (number) =>
      `fp_v1_${createHmac("sha256", keys.fingerprint).update(number).digest("base64url")}`,
  };
}
