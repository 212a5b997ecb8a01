using System.Globalization;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Podflare.Containers;

/// <summary>Finds out whether the kernel has ended a container because its memory was full.</summary>
internal sealed class MemoryDeaths(DockerClient docker, EngineOptions options, TimeProvider time)
{
    private const int Killed = 128 + 9;

    // The supervisor is gone only when every other process is, and a large one takes seconds to free its memory.
    private static readonly TimeSpan LongestDeath = TimeSpan.FromSeconds(10);

    // The engine reports what the kernel has done a moment later.
    private static readonly TimeSpan ReportDelay = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="IContainerRuntime.WasKilledForMemoryAsync"/>
    public async Task<bool> WasKilledForMemoryAsync(string containerId, CancellationToken cancellationToken)
    {
        using var limit = new EngineLimit(TimeSpan.FromSeconds(options.ListSeconds), time, cancellationToken);
        try
        {
            // The state alone does not tell: it says the same where the kernel killed a program long ago, and somebody has killed the container now.
            var state = (await docker.Containers.InspectContainerAsync(containerId, limit.Token)).State;
            return state is { Running: false, OOMKilled: true, ExitCode: Killed }
                && DateTimeOffset.TryParse(state.FinishedAt, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                && await EndsWithOomAsync(containerId, at, limit.Token);
        }
        catch (DockerContainerNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (EngineTrouble.Is(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new ContainerEngineException("the end of a container could not be read", e);
        }
    }

    /// <summary>Whether the last thing that happened to the container was that its memory was full, rather than that somebody told the engine to kill it.</summary>
    /// <param name="died">By the engine's clock, as all times here.</param>
    private async Task<bool> EndsWithOomAsync(string containerId, DateTimeOffset died, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["type"] = new Dictionary<string, bool> { ["container"] = true },
            ["container"] = new Dictionary<string, bool> { [containerId] = true },
            ["event"] = new Dictionary<string, bool> { ["oom"] = true, ["kill"] = true },
        };
        var last = new LastEvent();
        await docker.System.MonitorEventsAsync(
            new ContainerEventsParameters { Filters = filters, Since = UnixTime(died - LongestDeath), Until = UnixTime(died + ReportDelay) }, last, cancellationToken);
        return last.Action == "oom";
    }

    private static string UnixTime(DateTimeOffset at) => (at.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);

    private sealed class LastEvent : IProgress<Message>
    {
        private long _at;

        public string? Action { get; private set; }

        public void Report(Message value)
        {
            if (value.TimeNano is not { } at || at < _at) return;
            (_at, Action) = (at, value.Action);
        }
    }
}
