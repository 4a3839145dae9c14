/** What this agent calls itself to its host; raised with what it does. */
export const agentVersion = 'hccam/1';
