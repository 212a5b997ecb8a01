using Microsoft.Extensions.AI;
using Podflare.Extensions.AI;
using Podflare.NetSdk.Services;

namespace Podflare.AgentTests;

/// <summary>A sandbox as a function of a model.</summary>
public sealed class FunctionTests(Service service)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_function_returns_text_and_keeps_variables()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Token);
        var function = sandbox.AsAIFunction();
        Assert.Equal("execute_code", function.Name);
        Assert.Equal("code", function.JsonSchema.GetProperty("required")[0].GetString());
        Assert.Equal("[no output]", await CallAsync(function, "x = 40"));
        Assert.Equal("a\n42", await CallAsync(function, "print('a')\nx + 2"));
        Assert.EndsWith("ZeroDivisionError: division by zero\n[exit code 1]", Assert.IsType<string>(await CallAsync(function, "1 / 0")), StringComparison.Ordinal);
        Assert.Equal("[timed out after 1 s]", await CallAsync(sandbox.AsAIFunction(new CodeFunctionOptions { Timeout = TimeSpan.FromSeconds(1) }), "import time\ntry: time.sleep(60)\nexcept BaseException: raise SystemExit"));
        Assert.Equal("NameError", await CallAsync(sandbox.AsAIFunction(new CodeFunctionOptions { Fresh = true }), "try: x\nexcept NameError as e: print(type(e).__name__, end='')"));
        Assert.Equal("'other'", await CallAsync(sandbox.AsAIFunction(new CodeFunctionOptions { Context = "other" }), "x = 'other'; x"));
        Assert.Equal("40", await CallAsync(function, "x"));
    }

    [Fact]
    public async Task Images_are_data_after_the_text()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Token);
        const string code = """
            class Picture:
                def _repr_png_(self): return b'\x89PNG\r\n\x1a\n'
                def __repr__(self): return 'a picture'
            display(Picture())
            print('done')
            """;
        var contents = Assert.IsType<IList<AIContent>>(await CallAsync(sandbox.AsAIFunction(), code), exactMatch: false);
        Assert.Equal("a picture\ndone\n[1 image]", Assert.IsType<TextContent>(contents[0]).Text);
        var image = Assert.IsType<DataContent>(contents[1]);
        Assert.Equal("image/png", image.MediaType);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], image.Data.ToArray());
    }

    [Fact]
    public async Task Cancellation_interrupts_the_run_and_keeps_variables()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Token);
        var function = sandbox.AsAIFunction();
        await CallAsync(function, "kept = 1");
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var call = function.InvokeAsync(new AIFunctionArguments { ["code"] = "open('started', 'w').close()\nwhile True: pass" }, cancel.Token);
        await Until.TrueAsync(async () => await sandbox.Files.ExistsAsync("started", Token), "the code runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call);
        Assert.Equal("1", await CallAsync(function, "kept"));
    }

    [Fact]
    public async Task A_sandbox_that_was_given_is_not_replaced()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Token);
        await sandbox.DeleteAsync(Token);
        await Assert.ThrowsAsync<SandboxEndedException>(async () => await CallAsync(sandbox.AsAIFunction(), "1"));
    }

    [Fact]
    public async Task Mistakes_are_named()
    {
        await using var sandbox = service.Client.Attach($"sbx_{new string('0', 32)}");
        Assert.Contains("Fresh", Assert.Throws<ArgumentException>(() => sandbox.AsAIFunction(new CodeFunctionOptions { Fresh = true, Context = "a" })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => sandbox.AsAIFunction(new CodeFunctionOptions { MaxChars = 255 }));
        Assert.Contains("'code'", (await Assert.ThrowsAsync<ArgumentException>(async () => await sandbox.AsAIFunction().InvokeAsync([], Token))).Message, StringComparison.Ordinal);
    }

    private static async Task<object?> CallAsync(AIFunction function, string code) => await function.InvokeAsync(new AIFunctionArguments { ["code"] = code }, Token);
}
