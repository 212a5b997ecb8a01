using System.Diagnostics;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    private async Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace)
    {
        traces.Note(spec.Sandbox, trace?.Tenant, trace?.Binding);
        using var span = trace is { Span: var parent } && parent != default ? Spans.Source.StartActivity(Spans.ContainerCreate, ActivityKind.Client, parent) : null;
        span?.SetTag(Spans.SandboxId, spec.Sandbox.Value).SetTag(Spans.ContainerImageName, spec.Image).SetTag(Spans.ContainerRuntime, "docker");
        var began = time.GetTimestamp();
        string? container = null;
        try
        {
            var port = guests.Open(spec.Sandbox);
            container = await runtime.StartAsync(spec, CancellationToken.None);

            // Beside the guest's start, and behind an await, where no caller's context is.
            GrainFactory.GetGrain<ISandboxGrain>(spec.Sandbox.Value).Prepare().Ignore();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Options.ReadySeconds), time);
            GuestHello hello;
            try
            {
                hello = await port.WaitReadyAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new ContainerStartException("the sandbox did not become ready in time", retry: true);
            }

            span?.SetTag(Spans.ContainerId, container);
            LogStarted(spec.Sandbox, time.GetElapsedTime(began).TotalMilliseconds);
            return new LeasedContainer(container, hello.Boot);
        }
        catch (Exception e)
        {
            span.Fail(e);
            if (container is not null) await RemoveContainerAsync(container);
            await guests.CloseAsync(spec.Sandbox);
            throw;
        }
    }

    /// <summary>Removes a container whose id is marked as moving, and gives back what it held.</summary>
    private async Task RemoveAsync(SandboxId sandbox, string containerId)
    {
        await _removals.WaitAsync();
        try
        {
            await guests.CloseAsync(sandbox);
            await RemoveContainerAsync(containerId);
        }
        finally
        {
            _removals.Release();
            _moving.Remove(sandbox);
            _pool.Release(sandbox);
        }
    }

    // What the runtime could not remove, the sweep finds.
    private async Task RemoveContainerAsync(string containerId)
    {
        try
        {
            await runtime.RemoveAsync(containerId, CancellationToken.None);
        }
        catch (ContainerRemoveException e)
        {
            LogRemoveFailed(e, containerId);
        }
    }

    private bool IsConnected(SandboxId sandbox) => guests.Find(sandbox) is { Connected: true };

    private void Mark(SandboxId sandbox, bool parked)
    {
        var mark = folder.ParkedMark(sandbox);
        try
        {
            if (parked) File.WriteAllBytes(mark, []);
            else File.Delete(mark);
        }
        catch (IOException e)
        {
            // It only informs.
            LogMarkFailed(e, sandbox);
        }
    }

    private sealed class ContainerStarter(HostGrain grain) : IContainerStarter
    {
        public Task<LeasedContainer> StartAsync(ContainerSpec spec, ClaimTrace? trace) => grain.StartAsync(spec, trace);

        public bool IsReady(SandboxId sandbox) => grain.IsConnected(sandbox);

        public void Mark(SandboxId sandbox, bool parked) => grain.Mark(sandbox, parked);

        public void Remove(SandboxId sandbox, string containerId)
        {
            if (grain._moving.Add(sandbox)) grain.RemoveAsync(sandbox, containerId).Ignore();
        }
    }
}
