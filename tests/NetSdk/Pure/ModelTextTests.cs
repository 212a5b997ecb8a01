using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Podflare.NetSdk.Scripted;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Pure;

public sealed class ModelTextTests
{
    private static readonly Gen<string> Output = Gen.OneOfConst("a", "é", "😀", "\n", "line of text\n", new string('x', 70)).Array[1, 120].Select(parts => string.Concat(parts));

    public static TheoryData<string> VectorNames => [.. Vectors().Select(vector => vector.GetProperty("name").GetString()!)];

    /// <summary>The examples that all clients share.</summary>
    [Theory]
    [MemberData(nameof(VectorNames))]
    public async Task The_text_is_the_same_in_every_client(string name)
    {
        var vector = Vectors().Single(one => one.GetProperty("name").GetString() == name);
        var lines = string.Concat(vector.GetProperty("events").EnumerateArray().Select(e => e.GetRawText() + "\n"));
        var server = new ScriptedServer().Then(() =>
        {
            var answer = new HttpResponseMessage { Content = new StringContent(lines, Encoding.UTF8), Headers = { { "Podflare-Run-Id", "run_1" } } };
            foreach (var header in vector.GetProperty("headers").EnumerateObject()) answer.Headers.Add(header.Name, header.Value.GetString());
            return answer;
        });
        var timeout = vector.GetProperty("timeout_seconds") is { ValueKind: JsonValueKind.Number } seconds ? TimeSpan.FromSeconds(seconds.GetDouble()) : (TimeSpan?)null;
        var sandbox = server.Attach(options =>
        {
            if (vector.GetProperty("max_result_chars") is { ValueKind: JsonValueKind.Number } most) options.MaxResultCharacters = most.GetInt32();
        });
        var result = await sandbox.RunAsync("1", new RunOptions { Timeout = timeout }, TestContext.Current.CancellationToken);
        Assert.Equal(vector.GetProperty("expected").GetString(), result.ForModel(vector.GetProperty("max_chars").GetInt32()));
    }

    [Fact]
    public void Any_output_fits_and_keeps_its_head_its_tail_and_whole_characters() =>
        Gen.Select(Output, Gen.Int[256, 600], Gen.Int[0, 1]).Sample((output, max, code) =>
        {
            var text = Result(output, code).ForModel(max);
            Assert.InRange(text.Length, 0, max);
            Assert.Equal(0, text.Zip(text.Skip(1).Append('\0')).Count(pair => char.IsHighSurrogate(pair.First) != char.IsLowSurrogate(pair.Second)));
            Assert.Equal(code != 0, text.EndsWith("[exit code 1]", StringComparison.Ordinal));
            var body = code == 0 ? text : text[..^"[exit code 1]".Length];
            if (!text.Contains("characters omitted …]", StringComparison.Ordinal))
            {
                Assert.Equal(output.TrimEnd('\n'), body.TrimEnd('\n'));
                return;
            }

            var start = body.IndexOf("[… ", StringComparison.Ordinal);
            var end = body.IndexOf(" characters omitted …]\n", start, StringComparison.Ordinal);
            var omitted = int.Parse(body[(start + 3)..end], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
            var tail = body[(end + " characters omitted …]\n".Length)..];
            Assert.StartsWith(body[..start].TrimEnd('\n'), output, StringComparison.Ordinal);
            Assert.EndsWith(tail.TrimEnd('\n'), output.TrimEnd('\n'), StringComparison.Ordinal);
            Assert.InRange(output.Length - omitted, 1, max);
        });

    [Fact]
    public async Task Stdout_and_stderr_are_in_the_order_of_the_events()
    {
        string[] lines =
        [
            """{"type":"stdout","data":"1\n","seq":1,"ts":1}""",
            """{"type":"stdout","data":"2\n","seq":2,"ts":1}""",
            """{"type":"stderr","data":"3\n","seq":3,"ts":1}""",
            """{"type":"result","data":{"text/plain":"'r'"},"seq":4,"ts":1,"main":true}""",
            """{"type":"stdout","data":"4\n","seq":5,"ts":1}""",
            """{"type":"exit","data":3,"seq":6,"ts":1}""",
        ];
        var server = new ScriptedServer().Stream(string.Concat(lines.Select(line => line + "\n")));
        var result = await server.Attach().RunAsync("1", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("1\n2\n4\n", "3\n", "1\n2\n3\n4\n", "1\n2\n3\n'r'\n4\n"), (result.Stdout, result.Stderr, result.Output, result.Text));
        Assert.Equal("'r'", result.Main?.Text);
        // A copy with another text falls back to stdout, stderr and results.
        Assert.Equal(("x3\n", "x3\n'r'"), ((result with { Stdout = "x" }).Output, (result with { Stdout = "x" }).Text));
    }

    [Fact]
    public void The_limit_has_a_minimum() => Assert.Throws<ArgumentOutOfRangeException>(() => Result("a", 0).ForModel(255));

    private static JsonElement[] Vectors()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestRun.Repository, "clients", "vectors", "for_model.json")));
        return [.. file.RootElement.GetProperty("vectors").EnumerateArray().Select(vector => vector.Clone())];
    }

    private static RunResult Result(string stdout, int code) => new() { RunId = "run_1", Stdout = stdout, Stderr = "", ExitCode = code };
}
