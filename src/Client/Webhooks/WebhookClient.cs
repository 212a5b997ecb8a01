using System.Globalization;
using System.Text.Json;

namespace Podflare;

/// <summary>
/// The webhooks of the tenant: calls that tell its own programs of events. All members need a key with the scope <c>keys</c>; without it they throw
/// <see cref="InsufficientScopeException"/>.
/// </summary>
/// <example>
/// <code>
/// var webhook = await client.Webhooks.CreateAsync("https://example.com/podflare", ["run.ended", "sandbox.*"]);
/// Console.WriteLine(webhook.Secret);
/// </code>
/// </example>
public class WebhookClient
{
    private const string Path = "v1/webhooks";
    private readonly Transport? _transportOrNull;

    internal WebhookClient(Transport transport) => _transportOrNull = transport;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected WebhookClient()
    {
    }

    private Transport Transport => _transportOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Creates a webhook. It is not repeated if the answer is lost: delete the webhook whose secret nobody has then.</summary>
    /// <param name="url">An https address of the public internet.</param>
    /// <param name="events">Types of events, or groups such as <c>run.*</c>.</param>
    /// <param name="description">What it is for, at most 256 characters.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="AddressRefusedException">A webhook may not have this address.</exception>
    /// <exception cref="WebhookQuotaExceededException">The tenant has as many webhooks as it may have.</exception>
    /// <exception cref="NotOfferedException">The server has no key for secrets.</exception>
    public virtual Task<NewWebhook> CreateAsync(string url, IReadOnlyList<string> events, string? description = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url);
        ArgumentNullException.ThrowIfNull(events);
        return Transport.CallAsync(Call(HttpMethod.Post, Path, new WebhookBody(url, events, description, null)) with { CanRetry = false }, ClientJson.Default.NewWebhook, cancellationToken);
    }

    /// <summary>Lists the webhooks, oldest first.</summary>
    public virtual async Task<IReadOnlyList<WebhookInfo>> ListAsync(CancellationToken cancellationToken = default) =>
        (await Transport.CallAsync(new ApiCall(HttpMethod.Get, Path), ClientJson.Default.WebhookList, cancellationToken).ConfigureAwait(false)).Webhooks;

    /// <summary>Describes a webhook.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    public virtual Task<WebhookInfo> GetAsync(string webhookId, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, PathOf(webhookId)), ClientJson.Default.WebhookInfo, cancellationToken);

    /// <summary>Changes a webhook. One that becomes active again is called with what waited and with the events that came meanwhile.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    /// <exception cref="AddressRefusedException">A webhook may not have this address.</exception>
    public virtual Task<WebhookInfo> UpdateAsync(string webhookId, WebhookUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (update.State is { } state) ArgumentChecks.Word(state, nameof(WebhookUpdate.State));
        return Transport.CallAsync(Call(HttpMethod.Patch, PathOf(webhookId), new WebhookBody(update.Url, update.Events, update.Description, update.State)), ClientJson.Default.WebhookInfo, cancellationToken);
    }

    /// <summary>Draws a new secret. For 24 hours, calls are signed with the old one too. It is not repeated if the answer is lost.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    public virtual Task<NewWebhook> RotateAsync(string webhookId, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Post, $"{PathOf(webhookId)}/rotate") { CanRetry = false }, ClientJson.Default.NewWebhook, cancellationToken);

    /// <summary>Deletes a webhook. What waits for it is not sent any more.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    public virtual Task DeleteAsync(string webhookId, CancellationToken cancellationToken = default) => Transport.CallAsync(new ApiCall(HttpMethod.Delete, PathOf(webhookId)), cancellationToken);

    /// <summary>Sends one message of the type <c>webhook.test</c>, once. <see cref="ListDeliveriesAsync"/> shows what came of it.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    /// <exception cref="WebhookDisabledException">The webhook is disabled.</exception>
    public virtual Task TestAsync(string webhookId, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Post, $"{PathOf(webhookId)}/test"), cancellationToken);

    /// <summary>Lists the deliveries that wait, and the last 100 that do not, newest first.</summary>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    public virtual async Task<IReadOnlyList<WebhookDelivery>> ListDeliveriesAsync(string webhookId, CancellationToken cancellationToken = default) =>
        (await Transport.CallAsync(new ApiCall(HttpMethod.Get, $"{PathOf(webhookId)}/deliveries"), ClientJson.Default.DeliveryList, cancellationToken).ConfigureAwait(false)).Deliveries;

    /// <summary>Delivers an event once more, with the same <c>webhook-id</c>.</summary>
    /// <param name="webhookId">The ID of the webhook.</param>
    /// <param name="eventSeq">The number of an event that is among the deliveries.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="WebhookNotFoundException">There is no such webhook.</exception>
    /// <exception cref="DeliveryNotFoundException">The webhook has no delivery of this event.</exception>
    /// <exception cref="EventsEvictedException">The event is no longer kept.</exception>
    /// <exception cref="WebhookDisabledException">The webhook is disabled.</exception>
    public virtual Task ReplayAsync(string webhookId, long eventSeq, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Post, $"{PathOf(webhookId)}/deliveries/{eventSeq.ToString(CultureInfo.InvariantCulture)}/replay"), cancellationToken);

    private static ApiCall Call(HttpMethod method, string path, WebhookBody body)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.WebhookBody);
        return new ApiCall(method, path) { Content = () => SandboxScope.Json(bytes) };
    }

    private static string PathOf(string webhookId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(webhookId);
        return $"{Path}/{ArgumentChecks.Segment(webhookId, nameof(webhookId))}";
    }
}
