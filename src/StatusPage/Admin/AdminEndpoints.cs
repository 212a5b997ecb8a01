using Microsoft.AspNetCore.Mvc;
using Podflare.Components;
using Podflare.Feeds;
using Podflare.Hosting;
using Podflare.Incidents;
using Podflare.Pages;
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
        admin.MapGet("/status", (HttpContext context, SnapshotStore store, Database database, TimeProvider time) => Show(context, database, sql => new
        {
            indicator = V2.Code(store.Current.Indicator),
            description = store.Current.Headline,
            components = ComponentStore.All(sql).Select(c => AdminJson.Of(sql, c, time.GetUtcNow())),
            incidents = IncidentStore.Open(sql).Select(i => AdminJson.Of(sql, i)),
            maintenances = IncidentStore.OpenMaintenances(sql).Select(i => AdminJson.Of(sql, i)),
        }));
        admin.MapGet("/audit", (HttpContext context, Database database) => Show(context, database, sql => new
        {
            audit = sql.List(
                $"SELECT at, caller, act, subject, detail FROM audit ORDER BY at DESC LIMIT 200",
                row => new { at = row.Time(0), caller = row.Text(1), act = row.Text(2), subject = row.NullableText(3), detail = row.NullableText(4) }),
        }));
    }

    private static void MapIncidents(RouteGroupBuilder admin)
    {
        admin.MapGet("/incidents", (HttpContext context, Database database, [FromQuery] string? state) => Show(context, database, sql => new
        {
            incidents = (state == "open" ? IncidentStore.Open(sql) : IncidentStore.Newest(sql, IncidentKind.Incident, 100)).Select(i => AdminJson.Of(sql, i)),
        }));
        admin.MapGet("/incidents/{id}", (HttpContext context, Database database, string id) => Show(context, database, sql =>
            AdminJson.Of(sql, IncidentStore.Find(sql, id) ?? throw RefusedException.NotFound("incident"))));
        admin.MapPost("/incidents", async (HttpContext context, AdminDoor door, IncidentDesk desk) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var request = new NewIncident(
                body.Line("title", MaxTitle), body.Text("body", MaxBody), body.Stage("status") ?? Stage.Investigating, body.Impact("impact"),
                body.Statuses("components") ?? [], body.Time("started_at"), body.Flag("notify", true));
            body.Check();
            await door.ActAsync(context, "incident.open", null, body.Raw, (sql, now) => AdminJson.Of(sql, desk.Open(sql, request, now)), 201);
        });
        admin.MapPost("/incidents/{id}/updates", async (HttpContext context, AdminDoor door, IncidentDesk desk, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var request = new NewUpdate(body.Stage("status"), body.Text("body", MaxBody), body.Statuses("components") ?? [], body.Time("display_at"), body.Flag("notify", true));
            body.Check();
            await door.ActAsync(context, "incident.update", id, body.Raw, (sql, now) => AdminJson.Of(sql, desk.Update(sql, id, request, now)), 201);
        });
        admin.MapPatch("/incidents/{id}/updates/{update}", async (HttpContext context, AdminDoor door, IncidentDesk desk, string id, string update) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var edit = new UpdateEdit(body.OptionalText("body", MaxBody), body.Time("display_at"), body.Statuses("components"));
            body.Check();
            await door.ActAsync(context, "incident.edit", update, body.Raw, (sql, now) => AdminJson.Of(sql, desk.Edit(sql, id, update, edit, now)));
        });
        admin.MapPatch("/incidents/{id}", async (HttpContext context, AdminDoor door, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var title = body.Line("title", MaxTitle);
            body.Check();
            await door.ActAsync(context, "incident.rename", id, body.Raw, (sql, now) => AdminJson.Of(sql, IncidentDesk.Rename(sql, id, title, now)));
        });
        admin.MapPost("/incidents/{id}/handback", async (HttpContext context, AdminDoor door, IncidentDesk desk, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            body.Check();
            await door.ActAsync(context, "incident.handback", id, body.Raw, (sql, now) => AdminJson.Of(sql, desk.HandBack(sql, id, now)));
        });
    }

    private static void MapMaintenances(RouteGroupBuilder admin)
    {
        admin.MapGet("/maintenances", (HttpContext context, Database database, [FromQuery] string? state) => Show(context, database, sql => new
        {
            maintenances = (state == "open" ? IncidentStore.OpenMaintenances(sql) : IncidentStore.Newest(sql, IncidentKind.Maintenance, 100)).Select(i => AdminJson.Of(sql, i)),
        }));
        admin.MapPost("/maintenances", async (HttpContext context, AdminDoor door, MaintenanceDesk desk) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (title, text, components) = (body.Line("title", MaxTitle), body.Text("body", MaxBody), body.Names("components"));
            var (from, until, notify) = (body.RequiredTime("scheduled_for"), body.RequiredTime("scheduled_until"), body.Flag("notify", true));
            body.Check();
            await door.ActAsync(context, "maintenance.schedule", null, body.Raw,
                (sql, now) => AdminJson.Of(sql, desk.Schedule(sql, title, text, components, from, until, notify, now)), 201);
        });
        Move("start", (desk, sql, id, text, now) => desk.Start(sql, id, text, now));
        Move("complete", (desk, sql, id, text, now) => desk.Complete(sql, id, text, now));
        admin.MapPost("/maintenances/{id}/updates", async (HttpContext context, AdminDoor door, MaintenanceDesk desk, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (text, notify) = (body.Text("body", MaxBody), body.Flag("notify", true));
            body.Check();
            await door.ActAsync(context, "maintenance.update", id, body.Raw, (sql, now) => AdminJson.Of(sql, desk.Say(sql, id, text, notify, now)), 201);
        });

        void Move(string act, Func<MaintenanceDesk, Sql, string, string?, DateTimeOffset, Incident> run) =>
            admin.MapPost($"/maintenances/{{id}}/{act}", async (HttpContext context, AdminDoor door, MaintenanceDesk desk, string id) =>
            {
                var body = await AdminBody.ReadAsync(context);
                var text = body.OptionalText("body", MaxBody);
                body.Check();
                await door.ActAsync(context, $"maintenance.{act}", id, body.Raw, (sql, now) => AdminJson.Of(sql, run(desk, sql, id, text, now)));
            });
    }

    private static void MapComponents(RouteGroupBuilder admin)
    {
        admin.MapGet("/components", (HttpContext context, Database database, TimeProvider time) => Show(context, database, sql => new
        {
            components = ComponentStore.All(sql).Select(c => AdminJson.Of(sql, c, time.GetUtcNow())),
        }));
        admin.MapPost("/components/{id}/set", async (HttpContext context, AdminDoor door, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var (status, from) = (body.Status("status"), body.Time("from"));
            body.Check();
            await door.ActAsync(context, "component.set", id, body.Raw, (sql, now) =>
            {
                if (from > now) throw IncidentDesk.Invalid("from", "must not lie in the future");
                return Change(sql, reconciler, id, now, () => IntervalStore.Pin(sql, id, status, from ?? now, "set by hand"));
            });
        });
        admin.MapPost("/components/{id}/release", async (HttpContext context, AdminDoor door, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            body.Check();
            await door.ActAsync(context, "component.release", id, body.Raw, (sql, now) => Change(sql, reconciler, id, now, () =>
            {
                IntervalStore.Release(sql, id, now);
                sql.Execute($"UPDATE component SET quiet_until = NULL WHERE id = {id}");
            }));
        });
        admin.MapPost("/components/{id}/group", async (HttpContext context, AdminDoor door, Reconciler reconciler, string id) =>
        {
            var body = await AdminBody.ReadAsync(context);
            var name = body.OptionalText("name", 60, lines: false);
            body.Check();
            await door.ActAsync(context, "component.group", id, body.Raw, (sql, now) => Change(sql, reconciler, id, now, () => ComponentStore.SetGroup(sql, id, name, now)));
        });
    }

    private static object Change(Sql sql, Reconciler reconciler, string id, DateTimeOffset now, Action change)
    {
        if (ComponentStore.Find(sql, id) is not { IsGroup: false }) throw RefusedException.NotFound("component");
        change();
        reconciler.Run(sql, now);
        return AdminJson.Of(sql, ComponentStore.Find(sql, id)!, now);
    }

    private static void MapSubscribers(RouteGroupBuilder admin)
    {
        admin.MapGet("/subscribers", (HttpContext context, Database database, [FromQuery] string? after) => Show(context, database, sql => new
        {
            subscribers = Subscriber.Page(sql, after ?? "", 100).Select(AdminJson.Of),
        }));
        admin.MapDelete("/subscribers/{id}", (HttpContext context, AdminDoor door, string id) => door.ActAsync(context, "subscriber.remove", id, "", (sql, _) =>
            Subscriptions.Remove(sql, id) ? null : throw RefusedException.NotFound("subscriber")));
        admin.MapGet("/deliveries", (HttpContext context, Database database, [FromQuery] string? subscriber, [FromQuery] string? state) => Show(context, database, sql => new
        {
            deliveries = DeliveryLine.Newest(sql, subscriber, state, 200),
        }));
        admin.MapPost("/deliveries/{id}/replay", (HttpContext context, AdminDoor door, string id) => door.ActAsync(context, "delivery.replay", id, "", (sql, now) =>
            Subscriptions.Replay(sql, id, null, now) ? null : throw RefusedException.NotFound("delivery")));
    }

    private static Task Show(HttpContext context, Database database, Func<Sql, object> read) => AdminDoor.SendAsync(context, 200, database.Read(sql => StatusJson.Text(read(sql))));

    private static async ValueTask<object?> RequireTokenAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        if (context.RequestServices.GetRequiredService<AdminToken>().Accepts(context.Request.Headers.Authorization)) return await next(invocation);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RefusedException(401, "invalid_token", "missing or wrong admin token");
    }
}
