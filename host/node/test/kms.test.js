// KmsKeys through the real AWS SDK: moto as KMS, and a small HTTP server that says what a test wants.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { KMSClient } from "@aws-sdk/client-kms";
import { Decoder, Keyring, KmsKeys } from "dastap";
import { startKms, underKms } from "./support/kms.js";
import { generate } from "./support/stream.js";

Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_EC2_METADATA_DISABLED: "true",
});

const region = "eu-west-1";
const request = { ciphertext: Buffer.from("sealed"), context: [["aws:rds:dbc-id", "cluster-ABC"]] };

/** KmsKeys of one attempt, in front of a server that gives `answers` in turn: status, error code, body. */
async function against(t, answers, settings) {
  const requests = [];
  const server = createServer((incoming, outgoing) => {
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      requests.push(JSON.parse(Buffer.concat(chunks)));
      const [status, code, body] = answers.shift();
      outgoing.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        ...(code && { "x-amzn-errortype": code }),
      });
      outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  // Retries are the SDK's own affair, and their pauses are real.
  const client = new KMSClient({ region, endpoint, maxAttempts: 1 });
  return { keys: new KmsKeys({ client, ...settings }), requests };
}

test("a stream under moto decodes with one call per data key", async (t) => {
  const kms = await startKms(t);
  const plain = generate(t, "--records", "200", "--engine", "postgres", "--instances", "3");
  const { records, resources, keys } = await underKms(plain, kms);
  const decoder = await Decoder.open(
    {},
    { keys: new KmsKeys({ region, endpointUrl: kms.endpoint, keyId: kms.keyId }) },
  );
  const verdicts = await decoder.decode(records, resources[0]);
  const offline = await Decoder.open({}, { keys: new Keyring(plain.keyring) });
  assert.deepEqual(JSON.stringify(verdicts), JSON.stringify(await offline.decode(plain.records, resources[0])));
  await Promise.all([1, 2, 3].map(() => decoder.decodeMerged(records, `aws-rds-das-${resources[0]}`)));
  assert.equal((await kms.ask({ do: "calls" })).Decrypt, keys);
  const { calls, lookups } = decoder.keys.stats();
  assert.deepEqual([calls, lookups > calls], [keys, true]);
});

test("moto refuses another resource's context, and is asked once", async (t) => {
  const kms = await startKms(t);
  const plain = generate(t, "--records", "10", "--engine", "mysql", "--instances", "1");
  const { records } = await underKms(plain, kms);
  const decoder = await Decoder.open({}, { keys: new KmsKeys({ region, endpointUrl: kms.endpoint }) });
  for (let round = 0; round < 3; round++) {
    for (const verdict of await decoder.decode(records, "cluster-OTHER")) {
      assert.deepEqual(verdict, {
        ok: false,
        stage: "key",
        reason: "refused",
        detail:
          "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for " +
          "aws:rds:dbc-id = cluster-OTHER; if every record says so, the resource id is wrong",
        retryable: false,
      });
    }
  }
  assert.equal((await kms.ask({ do: "calls" })).Decrypt, 1);
});

test("throttling is retried by the SDK", async (t) => {
  const kms = await startKms(t);
  const plain = generate(t, "--records", "5", "--engine", "mysql", "--instances", "1");
  const { records, resources } = await underKms(plain, kms);
  await kms.ask({ do: "fail", status: 400, code: "ThrottlingException", times: 1 });
  const decoder = await Decoder.open({}, { keys: new KmsKeys({ region, endpointUrl: kms.endpoint }) });
  assert.ok((await decoder.decode(records, resources[0])).every(({ ok }) => ok));
  assert.equal((await kms.ask({ do: "calls" })).Decrypt, 2);
});

test("it asks Decrypt with context and key id, and gives the plaintext", async (t) => {
  const answer = { KeyId: "arn:x", Plaintext: Buffer.alloc(32, 7).toString("base64") };
  const { keys, requests } = await against(t, [[200, "", answer]], { keyId: "alias/stream" });
  assert.deepEqual([...(await keys.decrypt(request))], Array(32).fill(7));
  assert.deepEqual(requests, [
    {
      CiphertextBlob: Buffer.from("sealed").toString("base64"),
      EncryptionContext: { "aws:rds:dbc-id": "cluster-ABC" },
      KeyId: "alias/stream",
    },
  ]);
});

test("every answer of KMS is refused or unavailable, with what to do", async (t) => {
  const error = (code, status = 400, message = "says kms") => [status, code, { __type: code, message }];
  for (const [answer, name, message] of [
    [
      error("AccessDeniedException", 400, "user x is not authorized"),
      "Refused",
      "kms in eu-west-1 says AccessDeniedException (user x is not authorized): allow kms:Decrypt with the encryption context aws:rds:dbc-id = cluster-ABC in the IAM and the key policy",
    ],
    [
      error("DisabledException", 409),
      "Refused",
      "kms in eu-west-1 says DisabledException (says kms): enable the KMS key",
    ],
    [
      error("IncorrectKeyException"),
      "Refused",
      "kms in eu-west-1 says IncorrectKeyException: the record's key was encrypted under another KMS key than key-id any: correct or unset key-id",
    ],
    [
      error("InvalidCiphertextException"),
      "Refused",
      "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for aws:rds:dbc-id = cluster-ABC; if every record says so, the resource id is wrong",
    ],
    [
      error("UnrecognizedClientException"),
      "Refused",
      "kms in eu-west-1 says UnrecognizedClientException (says kms): check the AWS credentials: KMS does not know or accept them",
    ],
    [
      error("SomethingNewException"),
      "Refused",
      "kms in eu-west-1 says SomethingNewException (says kms): check the KMS key and the policies",
    ],
    [
      error("KMSInternalException", 500),
      "Unavailable",
      "kms in eu-west-1 says KMSInternalException: the service or the key's store is unavailable",
    ],
    [
      error("KeyUnavailableException", 500),
      "Unavailable",
      "kms in eu-west-1 says KeyUnavailableException: the service or the key's store is unavailable",
    ],
    [
      error("ExpiredTokenException"),
      "Unavailable",
      "kms in eu-west-1 says ExpiredTokenException: renew the AWS credentials",
    ],
    [
      error("ThrottlingException"),
      "Unavailable",
      "kms in eu-west-1 says ThrottlingException: the account's request quota for KMS is used up",
    ],
    [
      [502, "", "<html>Bad gateway</html>"],
      "Unavailable",
      "kms in eu-west-1 says HTTP status 502: the service or the key's store is unavailable",
    ],
    [
      [403, "", "<html>Log in to the hotel</html>"],
      "Unavailable",
      "kms in eu-west-1 says HTTP status 403: the service or the key's store is unavailable",
    ],
    [[200, "", {}], "Unavailable", "kms in eu-west-1 answered without a plaintext"],
  ]) {
    const { keys } = await against(t, [answer]);
    await assert.rejects(keys.decrypt(request), { name, message });
  }
});

test("a throttled account is left alone, for every key", async (t) => {
  const { keys, requests } = await against(t, [[400, "ThrottlingException", {}]]);
  await assert.rejects(keys.decrypt(request), { name: "Unavailable" });
  const other = { ...request, ciphertext: Buffer.from("other") };
  await assert.rejects(
    keys.decrypt(other),
    /^Unavailable: kms in eu-west-1 throttles this account; asked again in 0\.\d s$/,
  );
  assert.equal(requests.length, 1);
});

test("nobody there is unavailable", async () => {
  const client = new KMSClient({ region, endpoint: "http://127.0.0.1:9", maxAttempts: 1 });
  await assert.rejects(new KmsKeys({ client }).decrypt(request), {
    name: "Unavailable",
    message: /^no answer from kms in eu-west-1 \(.*ECONNREFUSED.*\): check the network path and the endpoint$/,
  });
});

test("no credentials is said at the start", async () => {
  const credentials = () =>
    Promise.reject(Object.assign(new Error("no such profile"), { name: "CredentialsProviderError" }));
  const client = new KMSClient({ region, credentials });
  await assert.rejects(
    Decoder.open({}, { keys: new KmsKeys({ client }) }),
    /^Error: no AWS credentials found: .*no such profile/,
  );
  await assert.rejects(new KmsKeys({ client }).decrypt(request), {
    name: "Unavailable",
    message: /for want of AWS credentials/,
  });
});

test("settings are checked before anything is opened", () => {
  for (const [settings, message] of [
    [{ region: "evil.example/" }, /^region: expected a region such as eu-west-1, found "evil.example\/"$/],
    [{ endpointUrl: "127.0.0.1:5000" }, /^endpointUrl: expected http:\/\/ or https:\/\/ and a host/],
    [{ keyId: "" }, /^keyId: expected a key id, a key ARN or an alias/],
    [{ keyid: "x" }, /^KmsKeys\.keyid: there is no such setting; did you mean "keyId"\?/],
    [{ cache: { ttl: "2d" } }, /^cache\.ttl: expected 1s to 24h, found 2d$/],
  ]) {
    assert.throws(() => new KmsKeys(settings), { message });
  }
});
