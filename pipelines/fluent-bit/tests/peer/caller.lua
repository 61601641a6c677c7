-- What filter_lua does with a script: load it, then call its function with tag, time and record, one after the other.
-- Arguments: the script, the field, the file of records. Prints each record that comes back: the field, or a failure.
dofile(arg[1])
local field, place = arg[2], 0
for line in io.lines(arg[3]) do
    local code, timestamp, record = dastap("das", 1700000000.5, { [field] = line, kept = "kept" })
    assert(timestamp == 1700000000.5, "the time is kept")
    if code == 2 and record.dastap_error then
        local failure = record.dastap_error
        assert(record[field] == line and record.kept == "kept", "the record is kept as it came")
        io.stderr:write(place, " ", failure.stage, " ", failure.reason, "\n")
    elseif code == 2 then
        assert(#record > 0, "an array")
        for _, event in ipairs(record) do io.write(event.dastap_event, "\n") end
    else
        assert(code == -1, code)
    end
    place = place + 1
end
local code, _, record = dastap("das", 1, { other = 1 })
assert(code == 2 and record.other == 1 and record.dastap_error.reason == "no-record")
