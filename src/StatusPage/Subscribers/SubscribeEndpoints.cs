using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Pages;
using Podflare.Snapshots;
using Podflare.Webhooks;

namespace Podflare.Subscribers;

internal static class SubscribeEndpoints
{
    public const string LimitPolicy = "subscribe";

    private const string Expired = "This link is unknown, already used, or expired. Request a new one on the Subscribe page.";
    private static readonly string[] Reading = ["GET", "HEAD"];

    public static void MapSubscribers(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/subscribe", Reading, (HttpContext context, SnapshotStore store, Layout layout, IOptions<MailOptions> mail, IOptions<WebhookOptions> hooks) =>
            context.SendPageAsync(SubscribePages.Form(store.Current, layout, IsMailEnabled(mail), hooks.Value.AllowHttp)));
        routes.MapPost("/subscribe", SubscribeByMailAsync).RequireRateLimiting(LimitPolicy);
        routes.MapPost("/subscribe/webhook", AddWebhookAsync).RequireRateLimiting(LimitPolicy);
        // Link scanners follow links, so only the button confirms.
        routes.MapMethods("/confirm", Reading, (HttpContext context, Layout layout, Subscriptions subscriptions, [FromQuery] string? t) => subscriptions.IsConfirmable(t)
            ? context.SendPageAsync(SubscribePages.ConfirmationForm(layout, "Confirm", "Press the button to receive status updates at your address.", "/confirm", t!, "Confirm"))
            : context.SendPageAsync(PageEndpoints.Message(layout, "Link not valid", Expired), 410));
        routes.MapPost("/confirm", ConfirmAsync);
        routes.MapMethods("/unsubscribe", Reading, (HttpContext context, Layout layout, SubscriptionTokens tokens, [FromQuery] string? t) => tokens.ReadUnsubscribe(t) is null
            ? context.SendPageAsync(PageEndpoints.Message(layout, "Link not valid", "This is not a valid unsubscribe link."), 404)
            : context.SendPageAsync(SubscribePages.ConfirmationForm(layout, "Unsubscribe", "Press the button to stop receiving updates.", "/unsubscribe", t!, "Unsubscribe")));
        routes.MapPost("/unsubscribe", UnsubscribeAsync);
        routes.MapMethods("/manage", Reading, (HttpContext context, [FromQuery] string? t, [FromQuery] string? saved) => ManageAsync(context, t, saved is not null));
        routes.MapPost("/manage", UpdateAsync);
    }

    private static async Task SubscribeByMailAsync(HttpContext context, SnapshotStore store, Layout layout, Subscriptions subscriptions, IOptions<MailOptions> mail, IOptions<WebhookOptions> hooks)
    {
        var form = await FormFields.ReadAsync(context);
        if (!IsMailEnabled(mail))
        {
            await context.SendPageAsync(PageEndpoints.Message(layout, "E-mail not available", "E-mail subscriptions are not configured on this page."), 404);
            return;
        }

        var to = MailAddresses.Normalize(form.Single("email"));
        if (to is null || form.Filter(store.Current) is not { } filter)
        {
            var error = to is null ? "Enter one e-mail address, such as name@example.com." : "Select existing components and at least one kind.";
            var shown = new string([.. (form.Single("email") ?? "").Where(c => !char.IsControl(c)).Take(254)]);
            await context.SendPageAsync(SubscribePages.Form(store.Current, layout, true, hooks.Value.AllowHttp, shown, mailError: error), 400);
            return;
        }

        await subscriptions.RequestConfirmationAsync(to, filter, context.RequestAborted);
        await context.SendPageAsync(SubscribePages.ConfirmationSent(layout), 202);
    }

    private static async Task AddWebhookAsync(HttpContext context, SnapshotStore store, Layout layout, Subscriptions subscriptions, AddressGuard guard, IOptions<MailOptions> mail, IOptions<WebhookOptions> hooks)
    {
        var form = await FormFields.ReadAsync(context);
        var text = form.Single("url");
        var error = guard.Validate(text, out var uri);
        var filter = form.Filter(store.Current);
        if (error is null && filter is null) error = "Select existing components and at least one kind.";
        if (error is null && await subscriptions.AddWebhookAsync(uri!, filter!, context.RequestAborted) is { } added)
        {
            await context.SendPageAsync(SubscribePages.WebhookSecret(layout, added.Secret, subscriptions.ManageLink(added.Id), isNew: true), 202);
            return;
        }

        var shown = new string([.. (text ?? "").Where(c => !char.IsControl(c)).Take(1000)]);
        var page = SubscribePages.Form(store.Current, layout, IsMailEnabled(mail), hooks.Value.AllowHttp, hook: shown, hookError: error ?? "The limit for new webhooks is reached. Try again later.");
        await context.SendPageAsync(page, error is null ? 429 : 400);
    }

    private static async Task ConfirmAsync(HttpContext context, Layout layout, Subscriptions subscriptions)
    {
        var form = await FormFields.ReadAsync(context);
        if (await subscriptions.ConfirmAsync(form.Single("t"), context.RequestAborted) is { } subscriber)
            await context.SendPageAsync(SubscribePages.Confirmed(layout, subscriptions.ManageLink(subscriber.Id)));
        else
            await context.SendPageAsync(PageEndpoints.Message(layout, "Link not valid", Expired), 410);
    }

    /// <summary>RFC 8058: the token is in the URL, the body is <c>List-Unsubscribe=One-Click</c>, and nothing else is required. Our own form posts the token.</summary>
    private static async Task UnsubscribeAsync(HttpContext context, Layout layout, Subscriptions subscriptions, SubscriptionTokens tokens, [FromQuery] string? t)
    {
        var token = t ?? (await FormFields.ReadAsync(context)).Single("t");
        if (tokens.ReadUnsubscribe(token) is { } subscriber)
        {
            await subscriptions.RemoveAsync(subscriber, context.RequestAborted);
            await context.SendPageAsync(PageEndpoints.Message(layout, "Unsubscribed", "You will not receive any more updates."));
        }
        else
        {
            await context.SendPageAsync(PageEndpoints.Message(layout, "Link not valid", "This is not a valid unsubscribe link."), 404);
        }
    }

    private static Task ManageAsync(HttpContext context, string? token, bool saved)
    {
        var services = context.RequestServices;
        var (layout, subscriptions) = (services.GetRequiredService<Layout>(), services.GetRequiredService<Subscriptions>());
        var id = services.GetRequiredService<SubscriptionTokens>().ReadManage(token);
        if (id is null || subscriptions.Find(id) is not { } subscriber)
            return context.SendPageAsync(PageEndpoints.Message(layout, "Not found", "This link is not valid, or the subscription no longer exists."), 404);
        return context.SendPageAsync(SubscribePages.Manage(services.GetRequiredService<SnapshotStore>().Current, layout, subscriber, token!, subscriptions.Deliveries(id), saved));
    }

    private static async Task UpdateAsync(HttpContext context, SnapshotStore store, Layout layout, Subscriptions subscriptions, SubscriptionTokens tokens)
    {
        var form = await FormFields.ReadAsync(context);
        var token = form.Single("t");
        if (tokens.ReadManage(token) is not { } id || subscriptions.Find(id) is null)
        {
            await context.SendPageAsync(PageEndpoints.Message(layout, "Not found", "This link is not valid, or the subscription no longer exists."), 404);
            return;
        }

        switch (form.Single("act"))
        {
            case "save" when form.Filter(store.Current) is { } filter:
                await subscriptions.UpdateFilterAsync(id, filter, context.RequestAborted);
                break;
            case "challenge":
                await subscriptions.ChallengeAsync(id, context.RequestAborted);
                break;
            case "replay" when form.Single("delivery") is { } delivery:
                await subscriptions.ReplayAsync(delivery, id, context.RequestAborted);
                break;
            case "rotate" when await subscriptions.RotateAsync(id, context.RequestAborted) is { } secret:
                await context.SendPageAsync(SubscribePages.WebhookSecret(layout, secret, subscriptions.ManageLink(id), isNew: false));
                return;
            case "remove":
                await subscriptions.RemoveAsync(id, context.RequestAborted);
                await context.SendPageAsync(PageEndpoints.Message(layout, "Unsubscribed", "You will not receive any more updates."));
                return;
            default:
                await context.SendPageAsync(PageEndpoints.Message(layout, "Not valid", "Select existing components and at least one kind."), 400);
                return;
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"/manage?t={Uri.EscapeDataString(token!)}&saved=1";
    }

    private static bool IsMailEnabled(IOptions<MailOptions> mail) => !string.IsNullOrEmpty(mail.Value.Host);
}
