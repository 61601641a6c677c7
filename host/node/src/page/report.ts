// What the sandbox says about a record: `wit/inspector.wit` has the shape.

export interface Failure {
  stage: string;
  reason: string;
  detail: string;
}

export interface Report {
  envelope?: {
    type?: string;
    version?: string | null;
    bytes?: number;
    encrypted?: boolean;
    ciphertextBytes?: number;
    keyBytes?: number;
  };
  message?: {
    format?: number;
    suite?: {
      id: string;
      name: string;
      keyBits: number;
      derivation: string | null;
      commitment: boolean;
      signature: string | null;
    };
    messageId?: string;
    context?: Array<[string, string]>;
    headerBytes?: number;
    bytes?: number;
    encryptedDataKeys?: Array<{ provider: string; name: string; infoBytes: number; ciphertextBytes: number }>;
    body?: {
      framed: boolean;
      frameLength: number;
      frames: number;
      finalFrameBytes: number | null;
      ciphertextBytes: number;
      signatureBytes: number | null;
      trailingBytes: number;
    };
  };
  failure?: Failure;
}

/** The steps of decoding, in order, as they are called in failures. */
export const STAGES = ["envelope", "key", "message", "gunzip", "events"] as const;
export type Stage = (typeof STAGES)[number];
