using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.E2b.Envd;

/// <summary>What a sandbox uses at this moment, as its own service reports it.</summary>
/// <param name="Ts">In Unix seconds.</param>
/// <param name="CpuUsedPct">Of all its CPUs, in percent.</param>
/// <param name="MemCache">Always 0: what programs have cached is not told apart.</param>
internal sealed record StatusSample(long Ts, int CpuCount, double CpuUsedPct, long MemTotal, long MemUsed, long MemCache, long MemTotalMib, long MemUsedMib, long DiskUsed, long DiskTotal);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StatusSample))]
internal sealed partial class StatusJson : JsonSerializerContext;

[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class EnvironmentJson : JsonSerializerContext;

/// <summary>Answers what a sandbox uses now, and which variables its programs have.</summary>
internal sealed class SandboxStatus(StartServices starts, IGrainFactory grains, IOptions<E2bOptions> options)
{
    private static readonly TimeSpan EnvironmentLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SampleLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SamplePoll = TimeSpan.FromMilliseconds(100);
    private static readonly ImmutableArray<string> PrintEnvironment = ["/usr/bin/env", "-0"];

    public async Task<JsonHttpResult<StatusSample>> GetMetricsAsync(SandboxId id, Caller caller, CancellationToken cancellationToken)
    {
        // A new sandbox has none yet. They come soon once somebody asks.
        using var limit = new TimeLimit(SampleLimit, starts.Time, cancellationToken);
        while (true)
        {
            var metrics = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetMetrics(caller.Tenant, null, null, cancellationToken), starts.Time, cancellationToken);
            if (!metrics.Points.IsEmpty) return TypedResults.Json(SampleOf(metrics.Points[^1], metrics.Limits), StatusJson.Default.StatusSample);
            if (limit.Remaining == TimeSpan.Zero) throw new SandboxUnreachableException();
            await Task.Delay(SamplePoll, starts.Time, cancellationToken);
        }
    }

    /// <summary>Of a new process: the service itself keeps no variables.</summary>
    public async Task<JsonHttpResult<IReadOnlyDictionary<string, string>>> GetEnvironmentAsync(SandboxId id, Caller caller, string home, CancellationToken cancellationToken)
    {
        using var deadline = new TimeLimit(EnvironmentLimit, starts.Time, cancellationToken);
        var request = new RunRequest([], RunLanguage.Bash, EnvironmentLimit, OnDisconnect.Interrupt, ImmutableSortedDictionary<string, string>.Empty)
        {
            Kind = RunKind.Process,
            Process = new ProcessSpec(PrintEnvironment, home, null),
            Output = new OutputFormat(IsBinary: true),
            Keyless = true,
        };
        var started = await starts.Starter.StartAsync(caller.Tenant, id, RunId.New(), request, deadline);
        await using var events = started.Events;
        var output = new MemoryStream();
        int? code = null;
        while (code is null)
        {
            var batch = await events.NextAsync();
            for (var i = 0; i < batch.Ends.Length; i++) code = Read(batch.Utf8.AsMemory((i == 0 ? 0 : batch.Ends[i - 1])..batch.Ends[i]), output);
            if (output.Length > options.Value.MaxMessageBytes) throw new E2bException(StatusCodes.Status500InternalServerError, "the environment is too large");
        }

        if (code is not 0) throw new E2bException(StatusCodes.Status500InternalServerError, "the environment could not be read");
        return TypedResults.Json(Parse(output.ToArray()), EnvironmentJson.Default.IReadOnlyDictionaryStringString);
    }

    private static StatusSample SampleOf(ResourcePoint point, ResourceLimits limits)
    {
        const double percent = 100;
        const int mebi = 20;
        var (cpus, total, used) = (limits.Cpus ?? 1, limits.MemoryBytes ?? 0, point.MemoryBytes ?? 0);
        return new StatusSample(
            point.At.ToUnixTimeSeconds(), (int)Math.Max(1, Math.Ceiling(cpus)), Math.Round(percent * (point.Cpu ?? 0) / cpus, 2),
            total, used, 0, total >> mebi, used >> mebi, point.DiskBytes ?? 0, limits.DiskBytes ?? 0);
    }

    /// <returns>The code of the exit; null for every other event.</returns>
    private static int? Read(ReadOnlyMemory<byte> line, MemoryStream output)
    {
        using var document = JsonDocument.Parse(line);
        var item = document.RootElement;
        var (type, data) = (item.GetProperty("type"u8), item.GetProperty("data"u8));
        if (type.ValueEquals("stdout"u8)) output.Write(item.TryGetProperty("encoding"u8, out _) ? data.GetBytesFromBase64() : Encoding.UTF8.GetBytes(data.GetString()!));
        return type.ValueEquals("exit"u8) ? data.GetInt32() : null;
    }

    private static SortedDictionary<string, string> Parse(byte[] output)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in Encoding.UTF8.GetString(output).Split('\0', StringSplitOptions.RemoveEmptyEntries))
            if (pair.IndexOf('=', StringComparison.Ordinal) is var at and > 0) variables[pair[..at]] = pair[(at + 1)..];
        return variables;
    }
}
