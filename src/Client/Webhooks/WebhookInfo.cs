using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>Whether a webhook is called.</summary>
[JsonConverter(typeof(WireEnumConverter<WebhookState>))]
public enum WebhookState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>It is called.</summary>
    Active,

    /// <summary>It is not called: its tenant wants that, or its receiver failed for too long.</summary>
    Disabled,
}

/// <summary>The server's description of a webhook. It does not have the secret.</summary>
public record WebhookInfo
{
    /// <summary>The webhook's ID: <c>whk_</c> and 24 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The address that is called.</summary>
    public string Url { get; init => field = value ?? ""; } = "";

    /// <summary>The types of events that it is called with.</summary>
    public IReadOnlyList<string> Events { get; init => field = value ?? []; } = [];

    /// <summary>What it is for.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>The state of the webhook.</summary>
    public WebhookState State { get; init; }

    /// <summary>Why it is disabled.</summary>
    public string? DisabledBecause { get; init; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The number of deliveries that wait for an attempt.</summary>
    public int Pending { get; init; }

    /// <summary>The number of events that were no longer kept when it could have been called with them.</summary>
    public long Skipped { get; init; }
}

/// <summary>A webhook with a new secret, which the server shows only once.</summary>
public sealed record NewWebhook : WebhookInfo
{
    /// <summary>The secret that signs the calls, for a library of Standard Webhooks. <see cref="ToString"/> does not contain it.</summary>
    public required string Secret { get; init; }

    /// <summary>The ID and the address, without the secret.</summary>
    public override string ToString() => $"{nameof(NewWebhook)} {{ {nameof(Id)} = {Id}, {nameof(Url)} = {Url} }}";
}

/// <summary>A change of a webhook. What is not set stays as it is.</summary>
public sealed record WebhookUpdate
{
    /// <summary>The address that is called.</summary>
    public string? Url { get; init; }

    /// <summary>The types of events that it is called with.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Active or disabled.</summary>
    public WebhookState? State { get; init; }
}

internal sealed record WebhookBody(string? Url, IReadOnlyList<string>? Events, string? Description, WebhookState? State);

internal sealed record WebhookList
{
    public IReadOnlyList<WebhookInfo> Webhooks { get; init => field = value ?? []; } = [];
}
