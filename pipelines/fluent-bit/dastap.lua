-- dastap in Fluent Bit's filter_lua, for builds that load no native plugins: LuaJIT calls libdastap.
--
-- Settings come by the environment: DASTAP_CONFIG (path of a dastap configuration), DASTAP_RESOURCE_ID,
-- DASTAP_KEY (field that holds the encrypted record, default log), DASTAP_LIBRARY (default libdastap.so.1).
--
-- A record becomes one record for each event, with the event as JSON in the field dastap_event: let the parser filter
-- turn it into fields. A record that cannot be decoded stays as it came, with dastap_error added.

local ffi = require("ffi")

ffi.cdef [[
typedef struct { int code; char text[1024]; } dastap_error;
typedef struct { const char *data; size_t len; } dastap_bytes;
typedef struct { dastap_bytes route; dastap_bytes lines; uint32_t events; } dastap_output;
typedef struct {
    size_t record; int stage; bool retryable; dastap_bytes reason; dastap_bytes detail;
    uint32_t kept; uint32_t dropped; uint32_t heartbeats; size_t lines_start; size_t lines_len;
    const dastap_output *outputs; size_t outputs_len;
} dastap_verdict;
typedef struct { dastap_bytes lines; const dastap_verdict *verdicts; size_t verdicts_len; } dastap_result;
typedef struct dastap_decoder dastap_decoder;
uint32_t dastap_abi_version(void);
int dastap_open(const char *config, size_t len, dastap_decoder **decoder, dastap_error *error);
int dastap_decode_one(const dastap_decoder *decoder, const char *record, size_t len, const char *resource,
                      size_t resource_len, const dastap_result **result, dastap_error *error);
void dastap_result_free(const dastap_result *result);
void dastap_close(dastap_decoder *decoder);
]]

local STAGES = { [0] = "decoded", "envelope", "key", "message", "gunzip", "events", "guest" }

local library = ffi.load(os.getenv("DASTAP_LIBRARY") or "libdastap.so.1")
if library.dastap_abi_version() ~= 1 then
    error("dastap.lua expects version 1 of libdastap's interface, found " .. library.dastap_abi_version())
end

local key = os.getenv("DASTAP_KEY") or "log"
local resource = os.getenv("DASTAP_RESOURCE_ID")
local problem = ffi.new("dastap_error")
local result = ffi.new("const dastap_result *[1]")

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local function open()
    local config = os.getenv("DASTAP_CONFIG")
    local text = config and read(config) or ""
    local decoder = ffi.new("dastap_decoder *[1]")
    if library.dastap_open(text, #text, decoder, problem) ~= 0 then
        error("dastap: " .. ffi.string(problem.text))
    end
    return ffi.gc(decoder[0], library.dastap_close)
end

local decoder = open()

local function text(bytes)
    return ffi.string(bytes.data, bytes.len)
end

local function keep(timestamp, record, stage, reason, detail, retryable)
    record.dastap_error = { stage = stage, reason = reason, detail = detail, retryable = retryable }
    return 2, timestamp, record
end

-- What filter_lua calls: `call: dastap`.
function dastap(tag, timestamp, record)
    local sealed = record[key]
    if type(sealed) ~= "string" then
        local detail = "expected a record as text in the field `" .. key .. "`, found none: see DASTAP_KEY"
        return keep(timestamp, record, "envelope", "no-record", detail, false)
    end
    -- An error leaves the chunk as it was.
    if library.dastap_decode_one(decoder, sealed, #sealed, resource, resource and #resource or 0, result, problem) ~= 0 then
        error("dastap: " .. ffi.string(problem.text))
    end
    local verdict = result[0].verdicts[0]
    if verdict.stage ~= 0 then
        local stage, reason, detail = STAGES[tonumber(verdict.stage)], text(verdict.reason), text(verdict.detail)
        local retryable = verdict.retryable
        library.dastap_result_free(result[0])
        return keep(timestamp, record, stage, reason, detail, retryable)
    end
    local lines = text(result[0].lines)
    library.dastap_result_free(result[0])
    local events = {}
    for line in lines:gmatch("[^\n]+") do
        events[#events + 1] = { dastap_event = line }
    end
    if #events == 0 then
        return -1, timestamp, record -- Everything in it was dropped by a setting.
    end
    return 2, timestamp, events
end
