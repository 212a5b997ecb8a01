using System.Globalization;
using CsCheck;
using Podflare.NetSdk.Scripted;

namespace Podflare.NetSdk.Pure;

public sealed class ModelTextTests
{
    private static readonly Gen<string> Output = Gen.OneOfConst("a", "é", "😀", "\n", "line of text\n", new string('x', 70)).Array[1, 120].Select(parts => string.Concat(parts));

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
            """{"type":"stdout","data":"4\n","seq":4,"ts":1}""",
            """{"type":"exit","data":3,"seq":5,"ts":1}""",
        ];
        var server = new ScriptedServer().Stream(string.Concat(lines.Select(line => line + "\n")));
        var result = await server.Attach().RunAsync("1", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("1\n2\n4\n", "3\n", "1\n2\n3\n4\n"), (result.Stdout, result.Stderr, result.Text));
        Assert.Equal("1\n2\n3\n4\n[exit code 3]", result.ForModel());
        Assert.Equal("x3\n", (result with { Stdout = "x" }).Text);
    }

    [Fact]
    public void A_traceback_is_shown_once()
    {
        var error = new RunError { Name = "E", Value = "v", Traceback = "Traceback: E: v\n" };
        Assert.Equal("Traceback: E: v\n[exit code 1]", (Result("", 1) with { Stderr = "Traceback: E: v\n", Error = error }).ForModel());
        Assert.Equal("a\nTraceback: E: v\n[exit code 1]", (Result("a", 1) with { Error = error }).ForModel());
        Assert.Throws<ArgumentOutOfRangeException>(() => Result("a", 0).ForModel(255));
    }

    [Fact]
    public void What_the_output_does_not_say_is_added()
    {
        Assert.Equal("[no output]", Result("", 0).ForModel());
        var result = Result("a\n", 124) with { Reason = ExitReason.Timeout, StateLost = true, ReplRestarted = true, Truncated = true, Warnings = ["careful"] };
        string[] lines =
        [
            "a",
            "[the output was longer than the client keeps; the rest is missing]",
            "[exit code 124: timeout]",
            "[the Python process was restarted before this run: earlier variables are gone]",
            "[this run ended the Python process: its variables are gone]",
            "[warning: careful]",
        ];
        Assert.Equal(lines, result.ForModel().Split('\n'));
    }

    private static RunResult Result(string stdout, int code) => new() { RunId = "run_1", Stdout = stdout, Stderr = "", ExitCode = code };
}
