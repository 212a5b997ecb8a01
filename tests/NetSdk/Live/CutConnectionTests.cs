using System.Text;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

public sealed class CutConnectionTests(Service service)
{
    private const int Cuts = 200;
    private const int LinesPerRun = 120;

    // Lines of many lengths with characters of one to four bytes, a count of how often this code ran, and a mark on disk for each time.
    private const string Code = """
        import sys
        n = globals().get('n', 0) + 1
        open('/tmp/ran', 'a').write('x')
        for i in range(120):
            print(n, i, 'é€😀'[i % 3] * (i % 40), file=sys.stderr if i % 7 == 0 else sys.stdout)
        """;

    [Fact]
    public async Task Connections_cut_at_random_bytes_never_show()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var proxy = new CuttingProxy(service.Port, Cuts, maxBytes: 9_000, seed);
        using var client = service.Connect(o =>
        {
            (o.BaseAddress, o.MaxRetries, o.MaxResumes) = (proxy.Address, 30, 30);
            (o.RetryDelay, o.MaxRetryDelay) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(10));
        });
        await using var sandbox = await client.CreateSandboxAsync(cancellationToken: cancellationToken);
        var runs = 0;
        while (proxy.Left > 0)
        {
            var events = await sandbox.RunStreamAsync(Code, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
            Assert.Equal(Expected(++runs), events.Select(Show));
            Assert.Equal(Enumerable.Range(1, LinesPerRun + 1).Select(n => (long)n), events.Select(e => e.Seq));
        }

        var ran = await sandbox.RunAsync("print(len(open('/tmp/ran').read()), n)", cancellationToken: cancellationToken);
        Assert.Equal($"{runs} {runs}\n", ran.Stdout);
        Assert.InRange(runs, 2, Cuts * 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Cuts} cuts over {runs} runs");
    }

    private static IEnumerable<string> Expected(int run)
    {
        for (var i = 0; i < LinesPerRun; i++)
        {
            var text = new StringBuilder().Insert(0, (i % 3) switch { 0 => "é", 1 => "€", _ => "😀" }, i % 40);
            yield return $"{(i % 7 == 0 ? "err" : "out")} {run} {i} {text}\n";
        }

        yield return "exit 0";
    }

    private static string Show(SandboxEvent e) => e switch
    {
        StdoutEvent stdout => $"out {stdout.Data}",
        StderrEvent stderr => $"err {stderr.Data}",
        _ => $"exit {((ExitEvent)e).Code}",
    };
}
