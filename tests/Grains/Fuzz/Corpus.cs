using System.Text;
using Podflare.Guests;

namespace Podflare.Fuzz;

/// <summary>Frames as real guests send them, and values that are at the edge of what a field can be. <c>RUN</c> stands for an id.</summary>
internal static class Corpus
{
    public const string Hello = """{"version":1,"max_version":2,"boot":"BOOT","first":FIRST,"repl":1,"runs":[{"run":"RUN","state":"running","started":NOW,"acknowledged":0,"stdin":0,"execution":1,"pid":7,"argv":["a","b"],"cwd":"/root"}],"isolation":{"seccomp":["ok","Seccomp: 2"]},"contexts":[]}""";

    private const string Entry = """{"name":"YQ==","type":"file","size":7,"mode":"0640","owner":"user","group":"1000","modified_ms":5000,"etag":"1-7-a","target":"Yg=="}""";

    public static readonly string[] Ready = ["""{"repl":2}""", """{"repl":1,"context":"ctx_00000000000000000000000000000001"}"""];

    public static readonly string[] Taken =
    [
        """{"state":"queued","repl_restarted":false,"execution":1}""", """{"state":"running","repl_restarted":true,"offset":3}""", """{"state":"unknown","repl_restarted":false,"cpu_ns":1000000}""",
        """{"state":"unknown","repl_restarted":false,"contexts":[{"id":"python","language":"python","cwd":"/root","state":"idle","run":null,"queued":0,"execution_count":3},{"id":"ctx_00000000000000000000000000000001","language":"bash","cwd":"/tmp","state":"busy","run":"RUN","queued":1,"execution_count":0}],"runs":["RUN"],"created":true}""",
    ];

    public static readonly string[] Refused =
    [
        """{"code":"queue_full","detail":"64 runs"}""", """{"code":"closing","detail":"the sandbox is ending"}""", """{"code":"invalid","detail":"x"}""", """{"code":"stdin_offset","detail":"x","offset":7}""",
        """{"code":"context_limit"}""", """{"code":"no_such_path","detail":"x"}""", """{"code":"ended","detail":"x"}""", """{"code":"stdin_full","offset":1048576}""",
    ];

    public static readonly string[] End =
    [
        """{"code":0,"started":NOW,"repl_restarted":false,"execution":2}""", """{"code":137,"reason":"oom","started":NOW,"repl_restarted":true,"state_lost":true}""",
        """{"code":1,"error":{"name":"ValueError","value":"x","traceback":"Traceback\n  x"},"started":null,"repl_restarted":false}""", """{"code":143,"signal":"SIGTERM","started":NOW}""",
    ];

    public static readonly string[] FileChange = ["""{"change":"create","path":"L3RtcC9h","kind":"file"}""", """{"change":"rename","path":"L3RtcC9h","kind":"directory","from":"L3RtcC9i"}""", """{"change":"overflow","path":"L3RtcA==","kind":null}"""];

    public static readonly string[] Opened = ["{\"size\":7,\"modified_ms\":5000,\"etag\":\"1-7-a\",\"entry\":" + Entry + "}", """{"size":null,"modified_ms":-1}""", """{"size":100,"modified_ms":5000,"etag":"1-7-a","from":10,"to":17}"""];

    public static readonly string[] Done =
    [
        "{\"etag\":\"1-7-a\",\"entry\":" + Entry + ",\"created\":true}", "{\"files\":[" + Entry + "," + Entry + "],\"next\":\"ZC9l\"}", "{\"files\":[],\"next\":null}", """{"files":1,"directories":2,"bytes":3}""", "{}",
    ];

    public static readonly string[] Failed =
    [
        .. "not_found not_a_file not_a_directory denied full too_large invalid busy gone changed exists not_empty precondition range invalid_archive other".Split(' ')
            .Select(code => "{\"code\":\"" + code + "\",\"detail\":\"x\",\"size\":7,\"etag\":\"1\",\"modified_ms\":1,\"files\":1,\"directories\":1,\"bytes\":1}"),
    ];

    public static readonly string[] Values =
    [
        "null", "true", "-1", "0", "1", "1.5", "1e999", "-0", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "99999999999999999999",
        "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"" + new string('x', 5_000) + "\"", "\"" + string.Concat(Enumerable.Repeat("\\u2028", 900)) + "\"", "\"YQ\"", "\"ended\"", "\"09:99\"", "\"99999\"", "\"../../etc/passwd\"", "\"\\r\\nX: y\"",
        "[]", "{}", "[null]", "{\"a\":1}", "[[]]", new string('[', 80) + new string(']', 80), new string('[', 3_000), "[" + string.Join(',', Enumerable.Repeat("null", 300)) + "]", "", "NaN", "'x'", "\"\u0001\"", "\"\ufeff\"",
    ];

    /// <summary>Bodies of results: flags, number of parts, then form, length of the type, type, length of the data, data.</summary>
    public static readonly byte[][] Results =
    [
        [1, 1, .. Part(1, "text/plain", "'x'")], [0, 2, .. Part(1, "text/html", "<b>"), .. Part(2, "image/png", "\u0001\u0002")],
        [1, 1, .. Part(3, "application/json", """{"a":[1,2,{"b":"\u00e9\ud83d\ude00"}],"c":null,"d":1e5}""")], [1, 1, .. Part(4, "text/plain", "cut")], [0, 1, 0, 9, .. "image/png"u8, 0, 0, 0, 0, 0, 1, 0, 0],
    ];

    private static byte[] Part(byte form, string type, string data)
    {
        var bytes = Encoding.UTF8.GetBytes(data);
        return [form, (byte)type.Length, .. Encoding.UTF8.GetBytes(type), 0, 0, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
