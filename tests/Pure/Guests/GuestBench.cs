using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>A listener in a run folder of its own, and one sandbox's port on it.</summary>
internal sealed class GuestBench : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pf-");

    public GuestBench(GuestOptions? options = null, TimeProvider? time = null, ITelemetryRelay? relay = null)
    {
        var source = _root.CreateSubdirectory("source");
        File.WriteAllText(Path.Combine(source.FullName, "main.py"), "");
        Folder = RunFolder.Open(Path.Combine(_root.FullName, "run"), "0a0b0c0d", source.FullName);
        Listener = new GuestListener(Folder, Options.Create(options ?? new GuestOptions()), time ?? TimeProvider.System, Log, relay);
        Port = Listener.Open(Sandbox);
    }

    public SandboxId Sandbox { get; } = SandboxId.New("0a0b0c0d");

    public RunFolder Folder { get; }

    public GuestListener Listener { get; }

    public GuestPort Port { get; }

    public ErrorLog Log { get; } = new();

    public string Socket => Folder.SocketPath(Sandbox);

    public static async Task<T> NextAsync<T>(ChannelReader<GuestEvent> events)
        where T : GuestEvent => Assert.IsType<T>(await events.ReadAsync(TestContext.Current.CancellationToken));

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        Folder.Dispose();
        _root.Delete(recursive: true);
        Assert.Empty(Log.Errors);
    }

    /// <summary>Keeps what was logged as an error: nothing a guest sends may be one.</summary>
    internal sealed class ErrorLog : ILogger<GuestListener>
    {
        private readonly List<string> _errors = [];

        public IReadOnlyList<string> Errors
        {
            get { lock (_errors) return [.. _errors]; }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Error) return;
            lock (_errors) _errors.Add($"{formatter(state, exception)} {exception}");
        }
    }
}
