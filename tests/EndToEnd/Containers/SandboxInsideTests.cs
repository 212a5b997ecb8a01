using System.Diagnostics;
using System.Text.Json;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Containers;

/// <summary>What user code finds in its container, seen by user code.</summary>
public sealed class SandboxInsideTests(EngineBench bench, ITestOutputHelper output) : IClassFixture<EngineBench>
{
    private const string Look = """
        import grp, json, os, pwd, socket
        def status(pid):
            return dict(line.split(":\t") for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
        me = status("self")
        def refused(path, flags):
            try:
                os.close(os.open(path, flags))
            except OSError as e:
                return e.strerror
        print(json.dumps({
            "uid": me["Uid"].split(), "names": f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name} {os.path.expanduser('~user')}", "caps": me["CapEff"].strip(), "nnp": me["NoNewPrivs"].strip(),
            "interfaces": sorted(os.listdir("/sys/class/net")), "routes": len(open("/proc/net/route").readlines()) - 1,
            "localhost": socket.gethostbyname("localhost"), "self": socket.gethostbyname(socket.gethostname()), "inet6": open("/proc/net/if_inet6").read(),
            "home": os.statvfs("/root").f_blocks * os.statvfs("/root").f_frsize, "tmp": os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize,
            "cwd": os.getcwd(), "root": refused("/x", os.O_CREAT | os.O_WRONLY), "sockets": refused("/podflare/s", os.O_RDONLY),
            "guest": refused("/podflare/guest/x", os.O_CREAT | os.O_WRONLY), "hosts": refused("/etc/hosts", os.O_WRONLY)}))
        """;

    [Fact(Timeout = 120_000)]
    public async Task Print_comes_out_and_the_run_ends()
    {
        var (_, port) = await bench.StartAsync(bench.Spec());
        var events = port.Attach();
        Assert.Equal("1", await EngineBench.OutputAsync(port, events, "print(1)"));
        Assert.Equal("2", await EngineBench.OutputAsync(port, events, "echo 2", RunLanguage.Bash));
    }

    [Fact(Timeout = 120_000)]
    public async Task User_code_has_no_rights_no_network_and_writes_only_where_it_may()
    {
        var spec = bench.Spec();
        var (_, port) = await bench.StartAsync(spec);
        var seen = JsonDocument.Parse(await EngineBench.OutputAsync(port, port.Attach(), Look)).RootElement;
        string Text(string name) => seen.GetProperty(name).ToString();
        Assert.Equal($"""["{spec.User}", "{spec.User}", "{spec.User}", "{spec.User}"]""", Text("uid"));
        Assert.Equal("user user /root", Text("names"));
        Assert.Equal("0000000000000000", Text("caps"));
        Assert.Equal("1", Text("nnp"));
        Assert.Equal("""["lo"]""", Text("interfaces"));
        Assert.Equal("0", Text("routes"));
        Assert.Equal("127.0.0.1", Text("localhost"));
        Assert.Equal("127.0.0.1", Text("self"));
        Assert.Equal("/root", Text("cwd"));
        Assert.Equal(("268435456", "67108864"), (Text("home"), Text("tmp")));
        Assert.Equal(("Read-only file system", "Read-only file system"), (Text("root"), Text("guest")));
        Assert.Equal("Permission denied", Text("sockets"));
        Assert.Equal("Permission denied", Text("hosts"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Shared_memory_has_a_quarter_of_the_memory()
    {
        var (_, port) = await bench.StartAsync(bench.Spec());
        const string Fill = """
            from multiprocessing.shared_memory import SharedMemory
            memory = SharedMemory(create=True, size=100_000_000)
            for start in range(0, 100_000_000, 1_000_000): memory.buf[start:start + 1_000_000] = bytes(1_000_000)
            memory.close(); memory.unlink()
            print('filled')
            """;
        Assert.Equal("filled", await EngineBench.OutputAsync(port, port.Attach(), Fill));
    }

    [Theory(Timeout = 120_000)]
    [InlineData("for n in range(1_000_000): print(n)", 6_888_890)]
    [InlineData("import sys\nfor _ in range(100): sys.stdout.write('x' * 1_000_000)", 100_000_000)]
    public async Task All_of_a_large_output_comes_out(string code, int bytes)
    {
        var (_, port) = await bench.StartAsync(bench.Spec());
        var events = port.Attach();
        var started = Stopwatch.GetTimestamp();
        await port.SendAsync(EngineBench.Run(code), TestContext.Current.CancellationToken);
        var received = 0;
        while (await events.ReadAsync(TestContext.Current.CancellationToken) is not GuestRunEnded and var item)
        {
            if (item is not GuestOutput piece) continue;
            received += piece.Bytes.Length;
            port.Acknowledge(piece.Number);
        }

        var took = Stopwatch.GetElapsedTime(started);
        output.WriteLine($"{code}: {took.TotalSeconds:0.0} s, {received / took.TotalSeconds / 1e6:0} MB/s");
        Assert.Equal(bytes, received);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_worker_that_restarts_while_a_program_prints_loses_nothing()
    {
        const int Lines = 200_000;
        var spec = bench.Spec();
        await using var first = bench.Listen();
        var port = first.Open(spec.Sandbox);
        await bench.Runtime.StartAsync(spec, TestContext.Current.CancellationToken);
        await port.WaitReadyAsync(TestContext.Current.CancellationToken);
        var events = port.Attach();
        var run = EngineBench.Run($"for n in range({Lines}): print(n)");
        await port.SendAsync(run, TestContext.Current.CancellationToken);
        var lines = new Lines();
        while (lines.Numbers.Count < 1_000) lines.Take(await events.ReadAsync(TestContext.Current.CancellationToken), port.Acknowledge);
        Assert.False(lines.Ended);
        await first.DisposeAsync();

        var again = bench.Listener.Open(spec.Sandbox);
        events = again.Attach();
        var hello = Assert.IsType<GuestConnected>(await events.ReadAsync(TestContext.Current.CancellationToken)).Hello;
        Assert.Equal(run.Run, Assert.Single(hello.Runs).Id);
        while (!lines.Ended) lines.Take(await events.ReadAsync(TestContext.Current.CancellationToken), again.Acknowledge);
        Assert.Equal(Enumerable.Range(0, Lines), lines.Numbers);
    }

    /// <summary>A log of its own: it takes each frame once, and acknowledges it behind the fact.</summary>
    private sealed class Lines
    {
        private ulong _last;

        public List<int> Numbers { get; } = [];

        public bool Ended { get; private set; }

        public void Take(GuestEvent item, Action<ulong> acknowledge)
        {
            if (item is not GuestFrame frame) return;
            if (frame.Number > _last)
            {
                Assert.Equal(_last + 1, frame.Number);
                _last = frame.Number;
                if (frame is GuestOutput output)
                    Numbers.AddRange(System.Text.Encoding.UTF8.GetString(output.Bytes.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
                Ended |= frame is GuestRunEnded;
            }

            // Not each one: what was taken and not acknowledged comes again, and must be recognized.
            if (frame.Number % 4 == 0 || Ended) acknowledge(frame.Number);
        }
    }
}
