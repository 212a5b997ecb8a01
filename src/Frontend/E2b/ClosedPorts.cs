namespace Podflare.E2b;

/// <summary>All ports of a sandbox that nothing of this server answers: programs in sandboxes cannot be reached from outside.</summary>
internal static class ClosedPorts
{
    public static void MapClosedPorts(this RouteGroupBuilder sandboxes)
    {
        sandboxes.Map("/{port:int}/{id}/{**rest}", RefuseAsync).WithMetadata(DataAccess.Open);
    }

    private static async Task RefuseAsync(HttpContext context, SandboxHealth health, CancellationToken cancellationToken)
    {
        var target = context.Features.Get<E2bTarget>()!;
        await health.CheckAsync(target.Sandbox!.Value, cancellationToken);
        await E2bErrorWriter.WriteProxyErrorAsync(context, new ProxyError(target.ShownId, "The sandbox is running but port is not open", target.Port, StatusCodes.Status502BadGateway));
    }
}
