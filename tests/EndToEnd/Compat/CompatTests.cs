using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Compat;

/// <summary>The second mount, read as strictly as the clients that it is for.</summary>
public sealed class CompatTests(EmbeddedService service)
{
    private const string Mount = "/compat/podflare";

    [Theory]
    [InlineData("for i in range(5): print('line', i)", "line 0\nline 1\nline 2\nline 3\nline 4\n")]
    [InlineData("print('a\\n\\nb')", "a\n\nb\n")]
    [InlineData("print('no end', end='')", "no end")]
    [InlineData("import time\nfor part in 'a', 'b', 'c':\n    print(part, end='', flush=True)\n    time.sleep(0.1)\nprint()", "abc\n")]
    [InlineData("print('one\\u2028two\\x85three\\u2029four\\x0bfive\\x1csix\\rseven')", "one\u2028two\u0085three\u2029four\vfive\u001csix\rseven\n")]
    [InlineData("import sys\nsys.stdout.buffer.write(bytes(range(256)))", null)]
    [InlineData("print('x' * 300000)", null)]
    public async Task A_strict_reader_gets_the_output_apart_from_a_final_newline(string code, string? expected)
    {
        var sandbox = await service.Api.CreateAsync();
        using var answer = await service.Api.StartAsync(sandbox, code, mount: Mount);
        var reader = await StrictReader.ReadAsync(answer);
        expected ??= (await service.Api.RunAsync(sandbox, code)).Stdout;
        await service.Api.DeleteAsync(sandbox);
        Assert.Equal(0, reader.ExitCode);
        Assert.Equal(expected.EndsWith('\n') ? expected[..^1] : expected, reader.Stdout);
    }

    [Fact]
    public async Task A_run_that_is_silent_for_forty_seconds_loses_no_reader()
    {
        var sandbox = await service.Api.CreateAsync();
        using var answer = await service.Api.StartAsync(sandbox, "import time\ntime.sleep(40)\nprint('awake')", mount: Mount);
        var reader = await StrictReader.ReadAsync(answer);
        await service.Api.DeleteAsync(sandbox);
        Assert.Equal("awake", reader.Stdout);
    }
}
