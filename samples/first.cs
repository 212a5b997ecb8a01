#:project ../src/Client
using Podflare;

using var client = new PodflareClient();
await using var sandbox = await client.CreateSandboxAsync();
await foreach (var e in sandbox.RunStreamAsync("for i in range(3): print(i)"))
{
    if (e is StdoutEvent stdout) Console.Write($"[{e.Seq}] out: {stdout.Data}");
    else if (e is StderrEvent stderr) Console.Write($"[{e.Seq}] err: {stderr.Data}");
    else if (e is ExitEvent exit) Console.WriteLine($"exit code: {exit.Code}");
}
