using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

/// <summary>Keys, tenants, usage and the audit log of a real service that requires keys.</summary>
public sealed class AdministrationTests(ServiceWithKeys service)
{
    private readonly string _tenant = $"t-{Guid.NewGuid():N}"[..20];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_works_until_it_is_revoked()
    {
        using var admin = await service.ConnectAsync(service.AdminKey);
        await admin.Tenants.CreateAsync(_tenant, cancellationToken: Cancellation);
        var made = await admin.Keys.CreateAsync("ci", new ApiKeyOptions { Tenant = _tenant, Lifetime = TimeSpan.FromHours(1) }, Cancellation);
        using var ci = await service.ConnectAsync(made.Secret);
        var known = await ci.Keys.GetCurrentAsync(Cancellation);
        Assert.Equal((made.Id, "ci", _tenant, ApiKeyState.Active), (known.Id, known.Name, known.Tenant, known.State));
        var refused = await Assert.ThrowsAsync<InsufficientScopeException>(() => ci.Tenants.GetAsync(_tenant, Cancellation));
        Assert.Equal([ApiKeyScopes.Admin], refused.Problem.RequiredScopes);

        Assert.Equal("build", (await admin.Keys.UpdateAsync(made.Id, new ApiKeyUpdate { Name = "build" }, Cancellation)).Name);
        var rotated = await admin.Keys.RotateAsync(made.Id, TimeSpan.FromHours(1), Cancellation);
        Assert.Equal((made.Id, "build"), (rotated.Replaces, rotated.Name));
        var listed = await admin.Keys.ListAsync(new ApiKeyQuery { Tenant = _tenant, PageSize = 1 }, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(new[] { made.Id, rotated.Id }.Order(), listed.Select(key => key.Id).Order());

        await admin.Keys.RevokeAsync(made.Id, Cancellation);
        await admin.Keys.RevokeAsync(made.Id, Cancellation);
        await UntilRefusedAsync<UnauthorizedException>(() => ci.Keys.GetCurrentAsync(Cancellation));
        await Assert.ThrowsAsync<ApiKeyNotFoundException>(() => admin.Keys.GetAsync($"key_{new string('0', 24)}", Cancellation));
        using var environment = await service.ConnectAsync(service.ApiKey);
        var fixedKey = await environment.Keys.GetCurrentAsync(Cancellation);
        await Assert.ThrowsAsync<KeyFromEnvironmentException>(() => admin.Keys.RevokeAsync(fixedKey.Id, Cancellation));
    }

    [Fact]
    public async Task An_operator_sees_hosts_and_everybody_the_server()
    {
        using var admin = await service.ConnectAsync(service.AdminKey);
        using var user = await service.ConnectAsync(service.ApiKey);
        using var stranger = await service.ConnectAsync(null);
        var host = Assert.Single(await admin.Hosts.ListAsync(Cancellation));
        Assert.Equal("ready", host.State);
        Assert.Equal("cordoned", (await admin.Hosts.CordonAsync(host.Id, Cancellation)).State);
        Assert.Equal("ready", (await admin.Hosts.UncordonAsync(host.Id, Cancellation)).State);
        await Assert.ThrowsAsync<HostNotFoundException>(() => admin.Hosts.DrainAsync("00000000", Cancellation));
        await Assert.ThrowsAsync<InsufficientScopeException>(() => user.Hosts.ListAsync(Cancellation));

        await using var sandbox = await user.CreateSandboxAsync(cancellationToken: Cancellation);
        await sandbox.RunAsync("1/0", cancellationToken: Cancellation);
        var overview = await user.GetOverviewAsync(Cancellation);
        Assert.True(overview.Complete && overview.Sandboxes.Running >= 1 && overview.Sandboxes.ByTemplate["default"] >= 1);
        Assert.Equal(60, overview.Minutes.Count);
        Assert.True(overview.Minutes.Sum(minute => minute.Creates) >= 1 && overview.Minutes.Sum(minute => minute.Errors) >= 1);
        Assert.All(overview.Minutes.Where(minute => minute.Runs > 0), minute => Assert.True(minute.RunMs!.P50 <= minute.RunMs.P95));
        var info = await stranger.GetServerInfoAsync(Cancellation);
        Assert.Equal("keys", info.Auth);
        Assert.Contains("overview", info.Features);
    }

    [Fact]
    public async Task A_tenant_from_create_to_delete()
    {
        using var admin = await service.ConnectAsync(service.AdminKey);
        await admin.Tenants.CreateAsync(_tenant, new TenantOptions { Limits = new TenantLimits { Sandboxes = 2, Running = 3 } }, Cancellation);
        await Assert.ThrowsAsync<TenantExistsException>(() => admin.Tenants.CreateAsync(_tenant, cancellationToken: Cancellation));
        await Assert.ThrowsAsync<TenantNotFoundException>(() => admin.Tenants.GetAsync("nobody", Cancellation));
        Assert.Contains(_tenant, (await admin.Tenants.ListAsync(1, Cancellation).ToListAsync(Cancellation)).Select(tenant => tenant.Id));
        var changed = await admin.Tenants.UpdateAsync(_tenant, new TenantUpdate { Limits = new TenantLimits { Running = 4 }, LimitsToReset = ["sandboxes"] }, Cancellation);
        Assert.Equal((null, 4), (changed.Limits.Sandboxes, changed.Limits.Running));

        using var user = await service.ConnectAsync((await admin.Keys.CreateAsync("user", new ApiKeyOptions { Tenant = _tenant }, Cancellation)).Secret);
        var sandbox = await user.CreateSandboxAsync(cancellationToken: Cancellation);
        Assert.Equal((1, 4), await user.Tenants.GetCurrentAsync(Cancellation) is var mine ? (mine.InUse?.Sandboxes, mine.Limits.Running) : default);
        Assert.Equal(sandbox.Id, Assert.Single(await admin.Tenants.ListSandboxesAsync(_tenant, cancellationToken: Cancellation).ToListAsync(Cancellation)).Id);
        await admin.Tenants.DeleteSandboxAsync(_tenant, sandbox.Id, Cancellation);
        Assert.Equal(SandboxState.Ended, (await sandbox.GetInfoAsync(Cancellation)).State);

        Assert.Equal(TenantState.Suspended, (await admin.Tenants.UpdateAsync(_tenant, new TenantUpdate { State = TenantState.Suspended }, Cancellation)).State);
        await UntilRefusedAsync<TenantSuspendedException>(() => user.Tenants.GetCurrentAsync(Cancellation));
        await admin.Tenants.DeleteAsync(_tenant, Cancellation);
        Assert.Equal(TenantState.Deleted, (await admin.Tenants.GetAsync(_tenant, Cancellation)).State);
    }

    [Fact]
    public async Task Usage_and_the_audit_log_show_what_a_key_did()
    {
        using var admin = await service.ConnectAsync(service.AdminKey);
        await admin.Tenants.CreateAsync(_tenant, cancellationToken: Cancellation);
        var key = await admin.Keys.CreateAsync("ci", new ApiKeyOptions { Tenant = _tenant, Scopes = [ApiKeyScopes.Sandboxes, ApiKeyScopes.Keys] }, Cancellation);
        using var ci = await service.ConnectAsync(key.Secret);
        var sandbox = await ci.CreateSandboxAsync(cancellationToken: Cancellation);
        await sandbox.RunAsync("print(1)", cancellationToken: Cancellation);
        await sandbox.DeleteAsync(Cancellation);

        var report = await ci.GetUsageAsync(new UsageQuery { GroupBy = UsageGroups.Key }, Cancellation);
        var row = Assert.Single(report.Rows);
        Assert.Equal((key.Id, "ci", 1L, 1L), (row.Key, row.KeyName, row.Sandboxes, row.Runs));
        Assert.Equal((row.SandboxSeconds, row.BytesOut, true), (report.Total.SandboxSeconds, report.Total.BytesOut, row.SandboxSeconds > 0));
        Assert.Equal(_tenant, Assert.Single((await admin.GetUsageAsync(new UsageQuery { Tenant = _tenant, GroupBy = UsageGroups.Tenant }, Cancellation)).Rows).Tenant);

        List<AuditEntry> entries = [];
        await Until.TrueAsync(async () => (entries = await ci.ListAuditEntriesAsync(new AuditQuery { PageSize = 1 }, Cancellation).ToListAsync(Cancellation)).Count == 4, "all acts are in the log");
        Assert.Equal(["key.create", "sandbox.create", "sandbox.delete", "tenant.create"], entries.Select(entry => entry.Action).Order(StringComparer.Ordinal));
        Assert.Equal([4L, 3L, 2L, 1L], entries.Select(entry => entry.Seq));
        var end = Assert.Single(await admin.ListAuditEntriesAsync(new AuditQuery { Tenant = _tenant, Action = "sandbox.delete" }, Cancellation).ToListAsync(Cancellation));
        Assert.Equal((key.Id, sandbox.Id, "key"), (end.Actor.Id, end.Target.Id, end.Actor.Type));
    }

    private static Task UntilRefusedAsync<T>(Func<Task> call)
        where T : PodflareApiException => Until.TrueAsync(
            async () =>
            {
                try
                {
                    await call();
                    return false;
                }
                catch (T)
                {
                    return true;
                }
            },
            $"{typeof(T).Name} is thrown");
}
