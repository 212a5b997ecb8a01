using Microsoft.AspNetCore.Mvc;
using Podflare.Components;
using Podflare.Http;
using Podflare.IncidentManagement;
using Podflare.Incidents;
using Podflare.Serialization;
using Podflare.Snapshots;
using Podflare.StatuspageApi;
using Podflare.Storage;
using Podflare.Subscribers;
using Podflare.Uptime;

namespace Podflare.Admin;

internal static class AdminEndpoints
{
    private const int MaxTitle = 200;
    private const int MaxBody = 5000;

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin/api").AddEndpointFilter(RequireTokenAsync).On(page: false, admin: true);
        MapIncidents(admin);
        MapMaintenances(admin);
        MapComponents(admin);
        MapSubscribers(admin);
        admin.MapGet("/status", (HttpContext context, SnapshotStore store, Database database, TimeProvider time) => SendReadAsync(context, database, sql => new
        {
            indicator = StatuspageMapper.Code(store.Current.Indicator),
            description = store.Current.Headline,
            components = ComponentStore.All(sql).Select(c => AdminJson.From(sql, c, time.GetUtcNow())),
            incidents = IncidentStore.Open(sql).Select(i => AdminJson.From(sql, i)),
            maintenances = IncidentStore.OpenMaintenances(sql).Select(i => AdminJson.From(sql, i)),
        }));
        admin.MapGet("/audit", (HttpContext context, Database database) => SendReadAsync(context, database, sql => new
        {
            audit = sql.List(
                $"SELECT at, caller, act, subject, detail FROM audit ORDER BY at DESC LIMIT 200",
                row => new { at = row.Time(0), caller = row.Text(1), act = row.Text(2), subject = row.NullableText(3), detail = row.NullableText(4) }),
        }));
    }

    private static void MapIncidents(RouteGroupBuilder admin)
    {
        admin.MapGet("/incidents", (HttpContext context, Database database, [FromQuery] string? state) => SendReadAsync(context, database, sql => new
        {
            incidents = (state == "open" ? IncidentStore.Open(sql) : IncidentStore.Newest(sql, IncidentKind.Incident, 100)).Select(i => AdminJson.From(sql, i)),
        }));
        admin.MapGet("/incidents/{id}", (HttpContext context, Database database, string id) => SendReadAsync(context, database, sql =>
            AdminJson.From(sql, IncidentStore.Find(sql, id) ?? throw RequestRejectedException.NotFound("incident"))));
        admin.MapPost("/incidents", async (HttpContext context, AdminCommandExecutor executor, IncidentService service) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var request = new NewIncident(
                body.SingleLine("title", MaxTitle), body.Text("body", MaxBody), body.Stage("status") ?? Stage.Investigating, body.Impact("impact"),
                body.Statuses("components") ?? [], body.Time("started_at"), body.Boolean("notify", true));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "incident.open", null, body.Raw, (sql, now) => AdminJson.From(sql, service.Open(sql, request, now)), 201);
        });
        admin.MapPost("/incidents/{id}/updates", async (HttpContext context, AdminCommandExecutor executor, IncidentService service, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var request = new NewUpdate(body.Stage("status"), body.Text("body", MaxBody), body.Statuses("components") ?? [], body.Time("display_at"), body.Boolean("notify", true));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "incident.update", id, body.Raw, (sql, now) => AdminJson.From(sql, service.Update(sql, id, request, now)), 201);
        });
        admin.MapPatch("/incidents/{id}/updates/{update}", async (HttpContext context, AdminCommandExecutor executor, IncidentService service, string id, string update) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var edit = new UpdateEdit(body.OptionalText("body", MaxBody), body.Time("display_at"), body.Statuses("components"));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "incident.edit", update, body.Raw, (sql, now) => AdminJson.From(sql, service.Edit(sql, id, update, edit, now)));
        });
        admin.MapPatch("/incidents/{id}", async (HttpContext context, AdminCommandExecutor executor, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var title = body.SingleLine("title", MaxTitle);
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "incident.rename", id, body.Raw, (sql, now) => AdminJson.From(sql, IncidentService.Rename(sql, id, title, now)));
        });
        admin.MapPost("/incidents/{id}/handback", async (HttpContext context, AdminCommandExecutor executor, IncidentService service, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "incident.handback", id, body.Raw, (sql, now) => AdminJson.From(sql, service.HandBack(sql, id, now)));
        });
    }

    private static void MapMaintenances(RouteGroupBuilder admin)
    {
        admin.MapGet("/maintenances", (HttpContext context, Database database, [FromQuery] string? state) => SendReadAsync(context, database, sql => new
        {
            maintenances = (state == "open" ? IncidentStore.OpenMaintenances(sql) : IncidentStore.Newest(sql, IncidentKind.Maintenance, 100)).Select(i => AdminJson.From(sql, i)),
        }));
        admin.MapPost("/maintenances", async (HttpContext context, AdminCommandExecutor executor, MaintenanceService service) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (title, text, components) = (body.SingleLine("title", MaxTitle), body.Text("body", MaxBody), body.StringList("components"));
            var (from, until, notify) = (body.RequiredTime("scheduled_for"), body.RequiredTime("scheduled_until"), body.Boolean("notify", true));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "maintenance.schedule", null, body.Raw,
                (sql, now) => AdminJson.From(sql, service.Schedule(sql, title, text, components, from, until, notify, now)), 201);
        });
        MapTransition("start", (service, sql, id, text, now) => service.Start(sql, id, text, now));
        MapTransition("complete", (service, sql, id, text, now) => service.Complete(sql, id, text, now));
        admin.MapPost("/maintenances/{id}/updates", async (HttpContext context, AdminCommandExecutor executor, MaintenanceService service, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (text, notify) = (body.Text("body", MaxBody), body.Boolean("notify", true));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "maintenance.update", id, body.Raw, (sql, now) => AdminJson.From(sql, service.AddUpdate(sql, id, text, notify, now)), 201);
        });

        void MapTransition(string act, Func<MaintenanceService, Sql, string, string?, DateTimeOffset, Incident> run) =>
            admin.MapPost($"/maintenances/{{id}}/{act}", async (HttpContext context, AdminCommandExecutor executor, MaintenanceService service, string id) =>
            {
                var body = await AdminBody.ReadAsync(context);
                var text = body.OptionalText("body", MaxBody);
                body.ThrowIfInvalid();
                await executor.ExecuteAsync(context, $"maintenance.{act}", id, body.Raw, (sql, now) => AdminJson.From(sql, run(service, sql, id, text, now)));
            });
    }

    private static void MapComponents(RouteGroupBuilder admin)
    {
        admin.MapGet("/components", (HttpContext context, Database database, TimeProvider time) => SendReadAsync(context, database, sql => new
        {
            components = ComponentStore.All(sql).Select(c => AdminJson.From(sql, c, time.GetUtcNow())),
        }));
        admin.MapPost("/components/{id}/set", async (HttpContext context, AdminCommandExecutor executor, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (status, from) = (body.Status("status"), body.Time("from"));
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "component.set", id, body.Raw, (sql, now) =>
            {
                if (from > now) throw IncidentService.InvalidField("from", "must not be in the future");
                return ChangeComponent(sql, reconciler, id, now, () => IntervalStore.Pin(sql, id, status, from ?? now, "set manually"));
            });
        });
        admin.MapPost("/components/{id}/release", async (HttpContext context, AdminCommandExecutor executor, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "component.release", id, body.Raw, (sql, now) => ChangeComponent(sql, reconciler, id, now, () =>
            {
                IntervalStore.Release(sql, id, now);
                sql.Execute($"UPDATE component SET quiet_until = NULL WHERE id = {id}");
            }));
        });
        admin.MapPost("/components/{id}/group", async (HttpContext context, AdminCommandExecutor executor, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var name = body.OptionalText("name", 60, lines: false);
            body.ThrowIfInvalid();
            await executor.ExecuteAsync(context, "component.group", id, body.Raw, (sql, now) => ChangeComponent(sql, reconciler, id, now, () => ComponentStore.SetGroup(sql, id, name, now)));
        });
    }

    private static object ChangeComponent(Sql sql, Reconciler reconciler, string id, DateTimeOffset now, Action change)
    {
        if (ComponentStore.Find(sql, id) is not { IsGroup: false }) throw RequestRejectedException.NotFound("component");
        change();
        reconciler.Run(sql, now);
        return AdminJson.From(sql, ComponentStore.Find(sql, id)!, now);
    }

    private static void MapSubscribers(RouteGroupBuilder admin)
    {
        admin.MapGet("/subscribers", (HttpContext context, Database database, [FromQuery] string? after) => SendReadAsync(context, database, sql => new
        {
            subscribers = Subscriber.Page(sql, after ?? "", 100).Select(AdminJson.From),
        }));
        admin.MapDelete("/subscribers/{id}", (HttpContext context, AdminCommandExecutor executor, string id) => executor.ExecuteAsync(context, "subscriber.remove", id, "", (sql, _) =>
            Subscriptions.Remove(sql, id) ? null : throw RequestRejectedException.NotFound("subscriber")));
        admin.MapGet("/deliveries", (HttpContext context, Database database, [FromQuery] string? subscriber, [FromQuery] string? state) => SendReadAsync(context, database, sql => new
        {
            deliveries = DeliveryLogEntry.Newest(sql, subscriber, state, 200),
        }));
        admin.MapPost("/deliveries/{id}/replay", (HttpContext context, AdminCommandExecutor executor, string id) => executor.ExecuteAsync(context, "delivery.replay", id, "", (sql, now) =>
            Subscriptions.Replay(sql, id, null, now) ? null : throw RequestRejectedException.NotFound("delivery")));
    }

    private static Task SendReadAsync(HttpContext context, Database database, Func<Sql, object> read) => AdminCommandExecutor.SendAsync(context, 200, database.Read(sql => StatusJson.Text(read(sql))));

    private static async ValueTask<object?> RequireTokenAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var limiter = context.RequestServices.GetRequiredService<AdminTokenLimiter>();
        limiter.ThrowIfExhausted(context);
        if (context.RequestServices.GetRequiredService<AdminToken>().Accepts(context.Request.Headers.Authorization)) return await next(invocation);
        if (context.Request.Headers.Authorization.Count > 0) limiter.CountWrong(context);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RequestRejectedException(401, "invalid_token", "the admin token is missing or wrong");
    }
}
