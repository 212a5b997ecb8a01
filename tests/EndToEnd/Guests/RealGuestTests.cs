using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>The guest itself in a pid namespace of its own, without a container. Needs root, because the guest gives up its rights.</summary>
[SupportedOSPlatform("linux")]
public sealed class RealGuestTests : IAsyncLifetime
{
    // Not the first on the path: that may lie in a home, where the REPL, which is not root, cannot reach it.
    private const string Python = "/usr/bin/python3";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pf-");
    private RunFolder _folder = null!;
    private GuestListener _listener = null!;
    private GuestPort _port = null!;
    private Process _guest = null!;

    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Every_request_is_understood_and_every_answer_too()
    {
        var events = _port.Attach();
        Assert.IsType<GuestTaken>(await _port.SendAsync(new SetEnvironment(ImmutableSortedDictionary<string, string>.Empty.Add("KEY", "välue €")), Stopped));
        Assert.Equal("välue €", await EngineBench.OutputAsync(_port, events, "import os; print(os.environ['KEY'])"));

        var sleeping = EngineBench.Run("import time; time.sleep(60)");
        Assert.Equal((RunState.Running, false), await StateAsync(_port.SendAsync(sleeping, Stopped)));
        Assert.Equal((RunState.Running, false), await StateAsync(_port.SendAsync(sleeping, Stopped)));
        Assert.Equal((RunState.Running, false), await StateAsync(_port.SendAsync(new InterruptGuestRun(sleeping.Run, TimeSpan.FromSeconds(5)), Stopped)));
        var interrupted = await EndAsync(events);
        Assert.Equal((sleeping.Run, 130, ExitReason.Interrupted), (interrupted.Run, interrupted.Code, interrupted.Reason));
        Assert.Equal((RunState.Ended, false), await StateAsync(_port.SendAsync(new InterruptGuestRun(sleeping.Run, TimeSpan.FromSeconds(5)), Stopped)));

        await _port.SendAsync(EngineBench.Run("raise ValueError('\\ud800')"), Stopped);
        var failed = await EndAsync(events);
        Assert.Equal((1, "ValueError"), (failed.Code, failed.Error?.Name));

        await _port.SendAsync(EngineBench.Run("import os; os._exit(5)"), Stopped);
        var crashed = await EndAsync(events);
        Assert.Equal((5, ExitReason.Crashed), (crashed.Code, crashed.Reason));

        var running = EngineBench.Run("import time; time.sleep(60)");
        await _port.SendAsync(running, Stopped);
        Assert.IsType<GuestTaken>(await _port.SendAsync(new KillGuestRuns(null, ExitReason.Expired), Stopped));
        var killed = await EndAsync(events);
        Assert.Equal((running.Run, 137, ExitReason.Expired), (killed.Run, killed.Code, killed.Reason));
        Assert.Equal("closing", Assert.IsType<GuestRefused>(await _port.SendAsync(EngineBench.Run("1"), Stopped)).Code);
    }

    private static async Task<(RunState?, bool)> StateAsync(Task<GuestAnswer> answer)
    {
        var taken = Assert.IsType<GuestTaken>(await answer);
        return (taken.State, taken.ReplRestarted);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_new_reader_makes_the_guest_say_all_again_that_was_not_acknowledged()
    {
        var first = _port.Attach();
        var run = EngineBench.Run("print('a', flush=True); import time; time.sleep(0.1); print('b')");
        await _port.SendAsync(run, Stopped);
        await EndAsync(first);
        var second = _port.Attach();
        var hello = Assert.IsType<GuestConnected>(await second.ReadAsync(Stopped)).Hello;
        Assert.Equal((1UL, RunState.Ended), (hello.First, Assert.Single(hello.Runs).State));
        var numbers = new List<ulong>();
        for (var ended = false; !ended;)
        {
            var item = await second.ReadAsync(Stopped);
            if (item is GuestFrame frame) numbers.Add(frame.Number);
            ended = item is GuestRunEnded;
        }

        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (ulong)n), numbers);

        _port.Acknowledge(numbers[^1]);
        await _port.SendAsync(new SetEnvironment(ImmutableSortedDictionary<string, string>.Empty), Stopped);
        var third = _port.Attach();
        Assert.Empty(Assert.IsType<GuestConnected>(await third.ReadAsync(Stopped)).Hello.Runs);
    }

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/usr/bin/unshare") && File.Exists(Python), "The guest needs root, unshare and a python3 for every user.");
        // Here the REPL, which is not root, reaches the guest's files by their path and not through a mount.
        File.SetUnixFileMode(_root.FullName, File.GetUnixFileMode("/usr"));
        _folder = RunFolder.Open(Path.Combine(_root.FullName, "r"), "0a0b0c0d");
        _listener = new GuestListener(_folder, Options.Create(new GuestOptions()), TimeProvider.System, NullLogger<GuestListener>.Instance);
        var sandbox = SandboxId.New("0a0b0c0d");
        _port = _listener.Open(sandbox);
        _guest = Process.Start(
            "/usr/bin/unshare",
            ["--pid", "--fork", "--mount-proc", "--kill-child", Python, "-I", "-S", $"{_folder.Guest}/main.py", "--socket", _folder.SocketPath(sandbox), "--home", "/tmp"]);
        // A test's time limit does not count here.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _port.WaitReadyAsync(limit.Token);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_guest is not null)
        {
            _guest.Kill();
            await _guest.WaitForExitAsync(CancellationToken.None);
            _guest.Dispose();
            await _listener.DisposeAsync();
            _folder.Dispose();
        }

        _root.Delete(recursive: true);
    }

    private static async Task<GuestRunEnded> EndAsync(System.Threading.Channels.ChannelReader<GuestEvent> events)
    {
        while (true)
        {
            if (await events.ReadAsync(Stopped) is GuestRunEnded end) return end;
        }
    }
}
